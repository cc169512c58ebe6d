using System.Text.RegularExpressions;
using LoadBalancer.Contracts;
using LoadBalancer.Placement;

namespace LoadBalancer.Scheduler.Submissions;

/// <summary>What a submission must keep to. Each problem names the field and the value.</summary>
internal static partial class SubmissionRules
{
    private const double MostSeconds = 365 * 24 * 3600.0;
    private const double MostGb = 1e6;
    private const double MostArtifactMb = 1e5;
    private const double LeastShare = 0.001;
    private const int MostDevices = 1024;
    private const int MostKeys = 32;

    /// <summary>The form in which a submission is checked and stored: with a run id, and with one list of keys.</summary>
    public static SubmitTest Normalise(SubmitTest test, Guid newRunId)
    {
        var runId = test.RunId ?? newRunId;
        var keys = test.ConcurrencyKey is { } key ? test.ConcurrencyKeys.Append(key) : test.ConcurrencyKeys;
        return test with { RunId = runId, ConcurrencyKeys = [.. keys.Distinct(StringComparer.Ordinal)], ConcurrencyKey = null };
    }

    public static IReadOnlyList<FieldProblem> Problems(SubmitTest test) =>
        [.. Identity(test).Concat(Limits(test)).Concat(Requirements(test.Requirements)).Concat(Command("command", test.Command))
            .Concat(Workspace(test.Workspace)).Concat(SubmissionTexts.Problems(test))];

    /// <summary>A type is part of a routing key, where other characters would mislead or be refused.</summary>
    public static bool IsTestType(string text) => TestTypePattern().IsMatch(text);

    private static IEnumerable<FieldProblem> Identity(SubmitTest test)
    {
        if (test.RunId == Guid.Empty)
            yield return new("runId", $"{Guid.Empty} is nobody's; give a GUID that is new for each submission, or none");
        if (test.TestId.Length == 0)
            yield return new("testId", "\"\" has 0 characters; 1 to 256 are accepted");
        if (test.Submitter is { Length: 0 })
            yield return new("submitter", "\"\" has 0 characters; 1 to 128 are accepted");
        if (!IsTestType(test.TestType))
            yield return new("testType", $"{Quote.Text(test.TestType)} is not of the form [a-z0-9_-]{{0,64}}");
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
        if (test.ConcurrencyKeys.Contains(""))
            yield return new("concurrencyKeys", "\"\" is no key; a key has 1 to 256 characters");
        if (test.ConcurrencyKeys.Count > MostKeys)
            yield return new("concurrencyKeys", $"has {test.ConcurrencyKeys.Count} different entries; at most {MostKeys} are accepted");
    }

    private static IEnumerable<FieldProblem> Requirements(TestRequirements needs)
    {
        foreach (var (field, value) in new[]
        {
            ("minimumMemoryGb", needs.MinimumMemoryGb), ("cpuCores", needs.CpuCores), ("diskGb", needs.DiskGb), ("acceleratorMemoryGb", needs.AcceleratorMemoryGb),
        })
        {
            if (!(value is >= 0 and <= MostGb))
                yield return new($"requirements.{field}", $"{value} is not from 0 to {MostGb}");
        }

        foreach (var (type, amount) in needs.RequiredAccelerators)
        {
            if (!(amount is >= LeastShare and <= MostDevices) || (amount > 1 && amount != Math.Floor(amount)))
                yield return new($"requirements.requiredAccelerators.{Quote.Name(type)}", $"{amount} is neither a share below 1 nor a whole number of devices; {LeastShare} to {MostDevices} are accepted");
        }

        // Without a device they would ask for nothing, which whoever wrote them did not mean.
        if (needs.RequiredAccelerators.Count == 0)
        {
            if (needs.AcceleratorModels.Count > 0)
                yield return new("requirements.acceleratorModels", $"{Quote.Text(needs.AcceleratorModels[0])} is a model of no device: requirements.requiredAccelerators is empty");
            if (needs.AcceleratorMemoryGb > 0)
                yield return new("requirements.acceleratorMemoryGb", $"{needs.AcceleratorMemoryGb} is the memory of no device: requirements.requiredAccelerators is empty");
        }

        // The length is checked with the other texts; an answer should not repeat a long one.
        foreach (var (name, range) in needs.RequiredSoftware.Where(entry => entry.Value is { Length: <= SubmissionTexts.LongestVersionRange }))
        {
            if (!VersionRange.TryParse(range, out _, out var error))
                yield return new($"requirements.requiredSoftware.{Quote.Name(name)}", error);
        }
    }

    private static IEnumerable<FieldProblem> Workspace(TestWorkspace? workspace)
    {
        if (workspace is null)
            return [];

        var limit = workspace.MaxArtifactMb;
        return limit is >= 0 and <= MostArtifactMb
            ? Command("workspace.prepare", workspace.Prepare)
            : Command("workspace.prepare", workspace.Prepare).Append(new("workspace.maxArtifactMb", $"{limit} is not from 0 to {MostArtifactMb}"));
    }

    private static IEnumerable<FieldProblem> Command(string field, TestCommand? command)
    {
        if (command is null)
            yield break;
        if (command.Executable.Length == 0)
            yield return new($"{field}.executable", "\"\" is no program");
        foreach (var name in command.Environment.Keys.Where(name => name.Length == 0 || name.Contains('=')))
            yield return new($"{field}.environment", $"{Quote.Text(name)} is no name of a variable");
    }

    private static bool IsDuration(double seconds) => seconds is > 0 and <= MostSeconds;

    [GeneratedRegex(@"\A[a-z0-9_-]{0,64}\z")]
    private static partial Regex TestTypePattern();
}
