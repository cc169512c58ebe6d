using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Watching;

/// <summary>
/// What is known of the runs that are watched: a fold over changes and lists, in whatever order they come.
/// Older news than what is known changes nothing.
/// </summary>
internal sealed class RunBoard
{
    /// <summary>State of a run that was published and that the scheduler has not yet answered for.</summary>
    public const string Sent = "Sent";

    /// <summary>Less than any sequence of the scheduler.</summary>
    private const long NothingKnown = -1;

    private readonly Dictionary<Guid, RunSummary> runs = [];
    private readonly List<Guid> order = [];
    private readonly bool takesNewRuns;

    private RunBoard(bool takesNewRuns) => this.takesNewRuns = takesNewRuns;

    /// <summary>A board of exactly these submissions.</summary>
    public static RunBoard Of(IEnumerable<SubmitTest> submitted, string state, DateTimeOffset at)
    {
        var board = new RunBoard(takesNewRuns: false);
        foreach (var test in submitted)
        {
            board.Put(new RunSummary
            {
                RunId = test.RunId!.Value,
                TestId = test.TestId,
                Suite = test.Suite,
                TestType = test.TestType,
                Priority = test.Priority,
                State = state,
                SubmittedAt = at,
                Sequence = NothingKnown,
            });
        }

        return board;
    }

    /// <summary>A board that takes every run that it hears of.</summary>
    public static RunBoard Open() => new(takesNewRuns: true);

    /// <summary>In the order of submission.</summary>
    public IEnumerable<RunSummary> Runs => order.Select(id => runs[id]);

    public int Count => order.Count;

    public RunSummary this[Guid runId] => runs[runId];

    public IEnumerable<RunSummary> Unended => Runs.Where(run => !HasEnded(run));

    public bool Ended => runs.Values.All(HasEnded);

    public int Failures => runs.Values.Count(Failed);

    public static bool HasEnded(RunSummary run) => RunStates.IsTerminal(run.State) || run.State == RunStates.Refused;

    public static bool Failed(RunSummary run) => run.State is RunStates.Failed or RunStates.Refused;

    /// <summary>The scheduler did not take the submission.</summary>
    public void Refuse(Guid runId, string reason) => Put(runs[runId] with { State = RunStates.Refused, Reason = reason });

    /// <summary>True for news that a person wants to read: another state, attempt or worker.</summary>
    public bool Apply(RunSummary news)
    {
        var known = runs.GetValueOrDefault(news.RunId);
        if (known is null ? !takesNewRuns : news.Sequence < known.Sequence) return false;

        Put(news);
        return known is null || Differs(known, news);
    }

    /// <inheritdoc cref="Apply(RunSummary)"/>
    public bool Apply(TestRunChange change)
    {
        // The run that was there first goes its way; its own changes tell of it.
        if (change.State == RunStates.Duplicate) return false;
        var known = runs.GetValueOrDefault(change.RunId);
        if (known is null ? !takesNewRuns : change.Sequence <= known.Sequence && known.Sequence != NothingKnown) return false;

        var before = known ?? new RunSummary
        {
            RunId = change.RunId,
            TestId = change.TestId,
            Suite = change.Suite,
            Submitter = change.Submitter,
            State = "",
            SubmittedAt = change.At,
        };
        var after = After(before, change);
        Put(after);
        return known is null || Differs(known, after);
    }

    private static RunSummary After(RunSummary before, TestRunChange change)
    {
        var startedAt = change.State == RunStates.Running ? change.At : before.StartedAt;
        return before with
        {
            Sequence = change.Sequence,
            State = change.State,
            Attempt = change.Attempt,
            WorkerId = change.WorkerId ?? before.WorkerId,
            FailureKind = change.FailureKind,
            Error = change.Error,
            Reason = change.Reason,
            StartedAt = startedAt,
            EndedAt = RunStates.IsTerminal(change.State) ? change.At : null,
            RunSeconds = change.DurationSeconds ?? before.RunSeconds,
            WaitSeconds = Math.Max(0, ((startedAt ?? change.At) - before.SubmittedAt).TotalSeconds),
        };
    }

    private void Put(RunSummary run)
    {
        if (!runs.ContainsKey(run.RunId)) order.Add(run.RunId);
        runs[run.RunId] = run;
    }

    private static bool Differs(RunSummary before, RunSummary after) =>
        before.State != after.State || before.Attempt != after.Attempt || before.WorkerId != after.WorkerId;
}
