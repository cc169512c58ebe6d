using System.Globalization;
using LoadBalancer.Contracts;

namespace LoadBalancer.Chaos.Judging;

/// <summary>Compares what was promised with what the tests themselves wrote and what was announced. Pure.</summary>
internal static class Judge
{
    public static Verdict Of(Evidence evidence)
    {
        var tests = evidence.Tests.ToDictionary(test => test.RunId);
        var endings = Endings(evidence.Changes);
        var confirmed = evidence.Tests.Where(test => test.ConfirmedAt is not null).ToList();
        var executions = evidence.Journal.Executions;
        return new Verdict
        {
            Submitted = confirmed.Count,
            Terminal = confirmed.Count(test => endings.ContainsKey(test.RunId)),
            Unconfirmed = evidence.Tests.Count - confirmed.Count,
            Unreadable = evidence.Journal.Unreadable.Count,
            Recoveries = Recovery.Of(evidence),
            Takeovers = TakingOver.Of(evidence),
            LostToInfrastructure = endings.Values.Count(changes => changes[0].FailureKind is FailureKinds.WorkerLost or FailureKinds.WorkerError),
            Violations =
            [
                .. Lost(confirmed, endings, evidence.Changes),
                .. EndedTwice(endings),
                .. Doubled(executions, endings),
                .. OverlappingKeys(executions, tests),
                .. Capacity.Violations(executions, evidence.Workers, tests),
                .. Placing.Violations(executions, evidence.Workers, tests),
                .. WrongVerdicts(endings, tests, executions, evidence.FrozenWorkers),
            ],
        };
    }

    /// <summary>The terminal changes of each run that has one, repeats of a sequence dropped.</summary>
    private static Dictionary<Guid, List<Change>> Endings(IReadOnlyList<Change> changes) => changes
        .Where(change => RunStates.IsTerminal(change.State))
        .DistinctBy(change => (change.RunId, change.Sequence))
        .GroupBy(change => change.RunId)
        .ToDictionary(group => group.Key, group => group.OrderBy(change => change.Sequence).ToList());

    private static IEnumerable<Violation> Lost(
        List<AskedTest> confirmed, Dictionary<Guid, List<Change>> endings, IReadOnlyList<Change> changes)
    {
        foreach (var test in confirmed.Where(test => !endings.ContainsKey(test.RunId)))
        {
            var last = changes.Where(change => change.RunId == test.RunId).MaxBy(change => change.Sequence);
            var known = last is null ? "nothing was ever announced" : $"last announced: {Describe(last)}";
            yield return new Violation(Harm.Lost, string.Create(
                CultureInfo.InvariantCulture, $"run {test.RunId}, confirmed at {test.ConfirmedAt:0.00}, did not end; {known}"), [test.RunId]);
        }
    }

    private static IEnumerable<Violation> EndedTwice(Dictionary<Guid, List<Change>> endings) =>
        from run in endings
        where run.Value.Count > 1
        select new Violation(Harm.DoubleAccepted, $"run {run.Key} ended {run.Value.Count} times: {string.Join("; ", run.Value.Select(Describe))}", [run.Key]);

    /// <summary>One violation for each run, however many of its processes met; a run that ended twice is already one.</summary>
    private static IEnumerable<Violation> Doubled(IReadOnlyList<Execution> executions, Dictionary<Guid, List<Change>> endings) =>
        from run in executions.GroupBy(execution => execution.RunId)
        where !(endings.TryGetValue(run.Key, out var ends) && ends.Count > 1)
        let pairs = Pairs([.. run]).ToList()
        where pairs.Count > 0
        select new Violation(Harm.DoubleAccepted, $"lived at the same time: {Describe(pairs)}", [run.Key]);

    private static IEnumerable<Violation> OverlappingKeys(IReadOnlyList<Execution> executions, Dictionary<Guid, AskedTest> tests) =>
        from holder in executions.SelectMany(execution => KeysOf(execution, tests).Select(key => (key, execution)))
        group holder.execution by holder.key into holders
        from pair in Pairs([.. holders])
        select new Violation(Harm.OverlappingKeys, $"key {holders.Key}: {pair.First} and {pair.Second}", [pair.First.RunId, pair.Second.RunId]);

    private static IReadOnlyList<string> KeysOf(Execution execution, Dictionary<Guid, AskedTest> tests) =>
        tests.TryGetValue(execution.RunId, out var test) ? test.Keys : [];

    private static IEnumerable<(Execution First, Execution Second)> Pairs(IReadOnlyList<Execution> executions) =>
        from second in Enumerable.Range(1, Math.Max(0, executions.Count - 1))
        from first in Enumerable.Range(0, second)
        where executions[first].Overlaps(executions[second])
        select (executions[first], executions[second]);

    private static IEnumerable<Violation> WrongVerdicts(
        Dictionary<Guid, List<Change>> endings, Dictionary<Guid, AskedTest> tests, IReadOnlyList<Execution> executions, IReadOnlyList<Outage> frozen)
    {
        var ranToTheirEnd = executions.Where(execution => execution.Ended).Select(execution => (execution.RunId, execution.Attempt)).ToHashSet();
        return from run in endings
               where tests.ContainsKey(run.Key)
               let end = run.Value[0]
               where !(IsExplained(end, tests[run.Key].Ending) || IsExplained(end, tests[run.Key].Ending, executions, frozen)) || (IsOfTheProgram(end) && !ranToTheirEnd.Contains((end.RunId, end.Attempt)))
               select new Violation(Harm.WrongVerdict, $"run {run.Key}, whose program {Describe(tests[run.Key].Ending)}: {Describe(end)}", [run.Key]);
    }

    /// <summary>Only a program that came to its end can have passed or failed.</summary>
    private static bool IsOfTheProgram(Change end) => end.State == RunStates.Completed || end.FailureKind == FailureKinds.TestFailed;

    private static bool IsExplained(Change end, Ending ending) => (end.State, end.FailureKind, ending) switch
    {
        (RunStates.Completed, _, Ending.Passes) => true,
        (RunStates.Failed, FailureKinds.TestFailed, Ending.Fails) => true,
        (RunStates.Failed, FailureKinds.TimedOut, Ending.TimesOut) => true,
        (RunStates.Failed, FailureKinds.WorkerLost or FailureKinds.WorkerError, _) => true,
        _ => false,
    };

    /// <summary>It had more time than it was given, because nobody could take it away.</summary>
    private static bool IsExplained(Change end, Ending ending, IReadOnlyList<Execution> executions, IReadOnlyList<Outage> frozen) =>
        end.State == RunStates.Completed && ending == Ending.TimesOut &&
        executions.Any(execution => execution.RunId == end.RunId && execution.Attempt == end.Attempt && frozen.Any(
            freeze => freeze.Server == execution.WorkerId && freeze.Began < execution.LastSeen && freeze.AnsweredAgain > execution.Start));

    private static string Describe(Ending ending) => ending switch
    {
        Ending.Passes => "passes",
        Ending.Fails => "fails",
        _ => "runs into its time limit",
    };

    private static string Describe(Change change) =>
        $"{change.State} {change.FailureKind} attempt {change.Attempt} on {change.WorkerId}, sequence {change.Sequence} ({change.Reason})";

    private static string Describe(List<(Execution First, Execution Second)> pairs) =>
        string.Join("; ", pairs.Select(pair => $"{pair.First} and {pair.Second}"));
}
