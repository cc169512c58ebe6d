using System.Text.RegularExpressions;
using LoadBalancer.Contracts;
using LoadBalancer.Placement;

namespace LoadBalancer.Scheduler.Submissions;

/// <summary>What a submission must keep to. Each problem names the field and the value.</summary>
internal static partial class SubmissionRules
{
    private const double MostSeconds = 365 * 24 * 3600.0;
    private const int LongestText = 8 * 1024;
    private const int MostEntries = 1_000;

    /// <summary>The form in which a submission is checked and stored: with a run id, and with one list of keys.</summary>
    public static SubmitTest Normalise(SubmitTest test, Guid newRunId)
    {
        var runId = test.RunId ?? newRunId;
        var keys = test.ConcurrencyKey is { } key ? test.ConcurrencyKeys.Append(key) : test.ConcurrencyKeys;
        return test with { RunId = runId, ConcurrencyKeys = [.. keys.Distinct(StringComparer.Ordinal)], ConcurrencyKey = null };
    }

    public static IReadOnlyList<FieldProblem> Problems(SubmitTest test) =>
        [.. Identity(test).Concat(Limits(test)).Concat(Requirements(test.Requirements)).Concat(Command("command", test.Command)).Concat(Texts(test))];

    private static IEnumerable<FieldProblem> Identity(SubmitTest test)
    {
        if (test.RunId == Guid.Empty)
            yield return new("runId", "is empty; give a GUID that is new for each submission, or none");
        if (test.TestId.Length is 0 or > 256)
            yield return new("testId", $"has {test.TestId.Length} characters; 1 to 256 are accepted");
        if (test.Suite.Length > 128)
            yield return new("suite", $"has {test.Suite.Length} characters; at most 128 are accepted");
        if (test.Submitter is { Length: 0 or > 128 } submitter)
            yield return new("submitter", $"has {submitter.Length} characters; 1 to 128 are accepted");
        if (!TestTypePattern().IsMatch(test.TestType))
            yield return new("testType", $"'{Short(test.TestType)}' is not of the form [a-z0-9_-]{{0,64}}");
    }

    private static IEnumerable<FieldProblem> Limits(SubmitTest test)
    {
        if (test.Priority is < 1 or > 5)
            yield return new("priority", $"{test.Priority} is not from 1 to 5");
        if (test.Retries is < 0 or > 10)
            yield return new("retries", $"{test.Retries} is not from 0 to 10");
        if (test.ExpectedDurationSeconds is { } expected && !IsDuration(expected))
            yield return new("expectedDurationSeconds", $"{expected} is not above 0 and at most a year");
        if (!IsDuration(test.TimeoutSeconds))
            yield return new("timeoutSeconds", $"{test.TimeoutSeconds} is not above 0 and at most a year");
        if (test.QueueTimeoutSeconds is { } queue && !IsDuration(queue))
            yield return new("queueTimeoutSeconds", $"{queue} is not above 0 and at most a year");
        if (test.ConcurrencyKeys.Any(key => key is not { Length: > 0 and <= 256 }))
            yield return new("concurrencyKeys", "a key has 1 to 256 characters");
        if (test.ConcurrencyKeys.Count > 32)
            yield return new("concurrencyKeys", $"has {test.ConcurrencyKeys.Count} entries; at most 32 are accepted");
    }

    private static IEnumerable<FieldProblem> Requirements(TestRequirements needs)
    {
        foreach (var (field, value) in new[]
        {
            ("minimumMemoryGb", needs.MinimumMemoryGb), ("cpuCores", needs.CpuCores), ("diskGb", needs.DiskGb), ("acceleratorMemoryGb", needs.AcceleratorMemoryGb),
        })
        {
            if (!double.IsFinite(value) || value is < 0 or > 1e6)
                yield return new($"requirements.{field}", $"{value} is not from 0 to 1000000");
        }

        foreach (var (type, amount) in needs.RequiredAccelerators)
        {
            if (!double.IsFinite(amount) || amount <= 0 || amount > 1024 || (amount > 1 && amount != Math.Floor(amount)))
                yield return new($"requirements.requiredAccelerators.{Short(type)}", $"{amount} is neither a share below 1 nor a whole number of devices");
        }

        foreach (var (name, range) in needs.RequiredSoftware)
        {
            if (!VersionRange.TryParse(range, out _, out var error))
                yield return new($"requirements.requiredSoftware.{Short(name)}", error);
        }
    }

    private static IEnumerable<FieldProblem> Command(string field, TestCommand? command)
    {
        if (command is null)
            yield break;
        if (command.Executable.Length == 0)
            yield return new($"{field}.executable", "is empty");
        foreach (var name in command.Environment.Keys.Where(name => name.Length == 0 || name.Contains('=')))
            yield return new($"{field}.environment", $"'{Short(name)}' is no name of a variable");
    }

    /// <summary>No text may hold a NUL, which neither a process argument nor the database can, or be a null where a text is expected.</summary>
    private static IEnumerable<FieldProblem> Texts(SubmitTest test)
    {
        foreach (var (field, texts, longest) in AllTexts(test))
        {
            if (texts.Count > MostEntries)
                yield return new(field, $"has {texts.Count} entries; at most {MostEntries} are accepted");
            if (texts.Any(text => text is null))
                yield return new(field, "an entry is null");
            if (texts.Any(text => text?.Contains('\0') == true))
                yield return new(field, "holds a NUL character");
            if (texts.FirstOrDefault(text => text?.Length > longest) is { } tooLong)
                yield return new(field, $"a text has {tooLong.Length} characters; at most {longest} are accepted");
        }
    }

    private static IEnumerable<(string Field, IReadOnlyList<string?> Texts, int Longest)> AllTexts(SubmitTest test)
    {
        var needs = test.Requirements;
        yield return ("testId", [test.TestId], 256);
        yield return ("suite", [test.Suite], 128);
        yield return ("submitter", [test.Submitter ?? ""], 128);
        yield return ("modelId", [test.ModelId], 256);
        yield return ("modelFamily", [test.ModelFamily], 256);
        yield return ("concurrencyKeys", test.ConcurrencyKeys, 256);
        yield return ("parameters", Flat(test.Parameters), LongestText);
        yield return ("requirements.requiredBackend", [needs.RequiredBackend ?? "", needs.PreferredBackend ?? ""], 64);
        yield return ("requirements.requiredAccelerators", [.. needs.RequiredAccelerators.Keys], 64);
        yield return ("requirements.acceleratorModels", needs.AcceleratorModels, 256);
        yield return ("requirements.requiredSoftware", Flat(needs.RequiredSoftware), 256);
        yield return ("requirements.browsers", needs.Browsers, 64);
        yield return ("requirements.labels", Flat(needs.Labels), 256);
        foreach (var (field, command) in new[] { ("command", test.Command), ("workspace.prepare", test.Workspace?.Prepare) })
        {
            if (command is null)
                continue;
            yield return ($"{field}.executable", [command.Executable, command.WorkingDirectory ?? ""], LongestText);
            yield return ($"{field}.arguments", command.Arguments, 128 * 1024);
            yield return ($"{field}.environment", Flat(command.Environment), 128 * 1024);
        }

        if (test.Workspace is { } workspace)
            yield return ("workspace", [workspace.Revision, .. workspace.Artifacts], 1024);
    }

    private static IReadOnlyList<string?> Flat(IReadOnlyDictionary<string, string> map) => [.. map.SelectMany(entry => new[] { entry.Key, entry.Value })];

    private static bool IsDuration(double seconds) => seconds is > 0 and <= MostSeconds;

    private static string Short(string text) => text.Length <= 64 ? text : $"{text[..64]}…";

    [GeneratedRegex(@"\A[a-z0-9_-]{0,64}\z")]
    private static partial Regex TestTypePattern();
}
