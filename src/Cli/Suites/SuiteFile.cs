using LoadBalancer.Cli.Terminals;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Submissions;

namespace LoadBalancer.Cli.Suites;

/// <summary>
/// A suite file, YAML or JSON: <c>suite</c>, <c>defaults</c> and <c>tests</c>, each a <see cref="SubmitTest"/>.
/// Defaults are merged into every test: objects field by field, lists replaced. Every test leaves with a run id, so that sending it again is harmless.
/// </summary>
internal static class SuiteFile
{
    public const string FromInput = "-";

    private static readonly string[] Fields = ["suite", "defaults", "tests"];

    /// <summary>
    /// Reads the file at <paramref name="path"/>, or the input where it is <c>-</c>. A given <paramref name="suite"/> counts
    /// whatever the file says; null takes the file's, else one made of file name and time.
    /// </summary>
    /// <exception cref="LbException">The file cannot be read; the message names file, line and field.</exception>
    public static IReadOnlyList<SubmitTest> Read(string path, string? suite, Terminal terminal)
    {
        if (path == FromInput) return Read(terminal.In, "suite", suite, terminal.Time);
        try
        {
            using var text = File.OpenText(path);
            return Read(text, path, suite, terminal.Time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LbException.BadInput($"cannot read the suite file {path}: {e.Message}");
        }
    }

    /// <inheritdoc cref="Read(string, string?, Terminal)"/>
    public static IReadOnlyList<SubmitTest> Read(TextReader text, string path, string? suite, TimeProvider time)
    {
        try
        {
            return Read(SuiteNode.Parse(text), suite, DefaultName(path, time), time);
        }
        catch (SuiteFileException e)
        {
            throw LbException.BadInput($"{path}:{e.Line}: {(e.Field.Length > 0 ? e.Field + ": " : "")}{e.Message}");
        }
    }

    private static List<SubmitTest> Read(SuiteNode root, string? suite, string defaultName, TimeProvider time)
    {
        if (root is not SuiteNode.Map file) throw new SuiteFileException(root.Line, "", "the file must be an object with a list named tests");

        if (file.Fields.FirstOrDefault(field => !Fields.Contains(field.Key)) is { Key: { } unknown, Value: var at })
            throw new SuiteFileException(at.Line, unknown, $"no such field{NearestName.Hint(unknown, Fields)}");
        if (file.Fields.GetValueOrDefault("tests") is not SuiteNode.List { Items.Count: > 0 } tests)
            throw new SuiteFileException(file.Line, "tests", "is required: a list of at least one test");

        var defaults = file.Fields.GetValueOrDefault("defaults");
        if (defaults is not null) FieldReader.CheckPart<SubmitTest>(defaults, "defaults");
        var name = file.Fields.GetValueOrDefault("suite") is { } own ? FieldReader.Read<string>(own, "suite") : defaultName;
        var read = tests.Items.Select((test, i) => Test(test, defaults, $"tests[{i}]", suite, name, time)).ToList();
        RefuseRepeatedRunIds(read, tests);
        return read;
    }

    private static SubmitTest Test(SuiteNode node, SuiteNode? defaults, string path, string? suite, string name, TimeProvider time)
    {
        if (node is not SuiteNode.Map) throw new SuiteFileException(node.Line, path, "must be an object with a testId");

        var merged = SuiteNode.Merge(defaults, node);
        var test = FieldReader.Read<SubmitTest>(merged, path);
        test = test with
        {
            RunId = test.RunId ?? Guid.CreateVersion7(time.GetUtcNow()),
            Suite = suite ?? (test.Suite.Length > 0 ? test.Suite : name),
        };
        // The scheduler's own rules: what it would refuse is found here, with the line.
        return SubmissionRules.Problems(test) is [var problem, ..]
            ? throw new SuiteFileException(LineOf(merged, problem.Field), $"{path}.{problem.Field}", problem.Text)
            : test;
    }

    private static void RefuseRepeatedRunIds(List<SubmitTest> tests, SuiteNode.List nodes)
    {
        var seen = new HashSet<Guid?>();
        for (var i = 0; i < tests.Count; i++)
        {
            if (!seen.Add(tests[i].RunId))
                throw new SuiteFileException(nodes.Items[i].Line, $"tests[{i}].runId", $"{tests[i].RunId} is given twice; a run id is one run");
        }
    }

    /// <summary>The line of the deepest part of the path that the file holds.</summary>
    private static long LineOf(SuiteNode node, string field)
    {
        foreach (var name in field.Split('.'))
        {
            if (node is not SuiteNode.Map map || !map.Fields.TryGetValue(name, out var child)) break;
            node = child;
        }

        return node.Line;
    }

    private static string DefaultName(string path, TimeProvider time) =>
        $"{Path.GetFileNameWithoutExtension(path)}-{time.GetLocalNow():yyyyMMdd-HHmmss}";
}
