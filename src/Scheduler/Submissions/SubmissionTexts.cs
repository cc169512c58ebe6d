using LoadBalancer.Contracts;

namespace LoadBalancer.Scheduler.Submissions;

/// <summary>
/// What every text of a submission must keep to: there, not too long, and without a NUL, which neither a process argument nor the
/// database can hold. Any other text is stored as it came, however hostile it looks.
/// </summary>
internal static class SubmissionTexts
{
    public const int LongestVersionRange = 256;

    private const int LongestText = 8 * 1024;
    // What Linux accepts as one argument of a process.
    private const int LongestArgument = 128 * 1024;
    private const int MostEntries = 1_000;

    public static IEnumerable<FieldProblem> Problems(SubmitTest test)
    {
        foreach (var (field, count) in Counts(test))
        {
            if (count > MostEntries)
                yield return new(field, $"has {count} entries; at most {MostEntries} are accepted");
        }

        foreach (var (field, text, longest) in Texts(test))
        {
            if (text is null)
                yield return new(field, "null is no text");
            else if (text.Length > longest)
                yield return new(field, $"{Quote.Text(text)} has {text.Length} characters; at most {longest} are accepted");
            else if (text.Contains('\0', StringComparison.Ordinal))
                yield return new(field, $"{Quote.Text(text)} holds a NUL character");
        }
    }

    private static IEnumerable<(string Field, int Count)> Counts(SubmitTest test)
    {
        var needs = test.Requirements;
        yield return ("parameters", test.Parameters.Count);
        yield return ("requirements.requiredAccelerators", needs.RequiredAccelerators.Count);
        yield return ("requirements.acceleratorModels", needs.AcceleratorModels.Count);
        yield return ("requirements.requiredSoftware", needs.RequiredSoftware.Count);
        yield return ("requirements.browsers", needs.Browsers.Count);
        yield return ("requirements.labels", needs.Labels.Count);
        foreach (var (field, command) in Commands(test))
        {
            yield return ($"{field}.arguments", command.Arguments.Count);
            yield return ($"{field}.environment", command.Environment.Count);
            yield return ($"{field}.skippedExitCodes", command.SkippedExitCodes.Count);
        }

        yield return ("workspace.artifacts", test.Workspace?.Artifacts.Count ?? 0);
    }

    private static IEnumerable<(string Field, string? Text, int Longest)> Texts(SubmitTest test) =>
        Names(test).Concat(Needs(test.Requirements)).Concat(Commands(test).SelectMany(command => Texts(command.Field, command.Command)));

    private static IEnumerable<(string Field, string? Text, int Longest)> Names(SubmitTest test) =>
    [
        ("testId", test.TestId, 256),
        ("suite", test.Suite, 128),
        ("submitter", test.Submitter ?? "", 128),
        ("modelId", test.ModelId, 256),
        ("modelFamily", test.ModelFamily, 256),
        .. List("concurrencyKeys", test.ConcurrencyKeys, 256),
        .. Map("parameters", test.Parameters, LongestText),
        ("workspace.revision", test.Workspace?.Revision ?? "", 1024),
        .. List("workspace.artifacts", test.Workspace?.Artifacts ?? [], 1024),
    ];

    private static IEnumerable<(string Field, string? Text, int Longest)> Needs(TestRequirements needs) =>
    [
        ("requirements.requiredBackend", needs.RequiredBackend ?? "", 64),
        ("requirements.preferredBackend", needs.PreferredBackend ?? "", 64),
        .. List("requirements.requiredAccelerators", needs.RequiredAccelerators.Keys, 64),
        .. List("requirements.acceleratorModels", needs.AcceleratorModels, 256),
        .. Map("requirements.requiredSoftware", needs.RequiredSoftware, LongestVersionRange),
        .. List("requirements.browsers", needs.Browsers, 64),
        .. Map("requirements.labels", needs.Labels, 256),
    ];

    private static IEnumerable<(string Field, string? Text, int Longest)> Texts(string field, TestCommand command) =>
    [
        ($"{field}.executable", command.Executable, LongestText),
        ($"{field}.workingDirectory", command.WorkingDirectory ?? "", LongestText),
        .. List($"{field}.arguments", command.Arguments, LongestArgument),
        .. Map($"{field}.environment", command.Environment, LongestArgument),
    ];

    private static IEnumerable<(string Field, TestCommand Command)> Commands(SubmitTest test)
    {
        if (test.Command is { } command)
            yield return ("command", command);
        if (test.Workspace?.Prepare is { } prepare)
            yield return ("workspace.prepare", prepare);
    }

    private static IEnumerable<(string Field, string? Text, int Longest)> List(string field, IEnumerable<string?> texts, int longest) =>
        texts.Select(text => (field, text, longest));

    private static IEnumerable<(string Field, string? Text, int Longest)> Map(string field, IReadOnlyDictionary<string, string> map, int longest) =>
        map.SelectMany(entry => new (string, string?, int)[]
        {
            (field, entry.Key, longest), ($"{field}.{Quote.Name(entry.Key)}", entry.Value, longest),
        });
}
