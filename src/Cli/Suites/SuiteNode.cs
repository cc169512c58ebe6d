using LoadBalancer.Cli.Terminals;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace LoadBalancer.Cli.Suites;

/// <summary>A part of a suite file that remembers its line, so that every error can name it.</summary>
internal abstract record SuiteNode(long Line)
{
    /// <summary>A plain (unquoted) value may be a number, a boolean or null; a quoted one is text.</summary>
    internal sealed record Scalar(string Text, bool Plain, long Line) : SuiteNode(Line)
    {
        public bool IsNull => Plain && Text is "" or "~" or "null";
    }

    internal sealed record List(IReadOnlyList<SuiteNode> Items, long Line) : SuiteNode(Line);

    internal sealed record Map(IReadOnlyDictionary<string, SuiteNode> Fields, long Line) : SuiteNode(Line);

    /// <summary>Objects merge field by field; anything else in <paramref name="own"/> replaces the default.</summary>
    public static SuiteNode Merge(SuiteNode? defaults, SuiteNode own)
    {
        if (defaults is not Map known || own is not Map given) return own;

        var merged = new Dictionary<string, SuiteNode>(known.Fields);
        foreach (var (name, value) in given.Fields)
            merged[name] = Merge(known.Fields.GetValueOrDefault(name), value);
        return new Map(merged, given.Line);
    }

    /// <summary>Reads YAML, and JSON as the part of YAML that it is.</summary>
    /// <exception cref="SuiteFileException">The text cannot be read.</exception>
    public static SuiteNode Parse(TextReader text)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(text);
            return yaml.Documents switch
            {
                [] => throw new SuiteFileException(1, "", "the file is empty: give it a list named tests"),
                [var document] => From(document.RootNode, depth: 0),
                _ => throw new SuiteFileException(yaml.Documents[1].RootNode.Start.Line, "", "a second document begins here: one suite a file"),
            };
        }
        catch (YamlException e)
        {
            throw new SuiteFileException(e.Start.Line, "", PlainText.Line(e.InnerException?.Message ?? e.Message));
        }
    }

    private const int MaxDepth = 32;

    private static SuiteNode From(YamlNode node, int depth)
    {
        var line = node.Start.Line;
        if (depth > MaxDepth) throw new SuiteFileException(line, "", $"nested deeper than {MaxDepth} levels");

        return node switch
        {
            YamlScalarNode scalar => new Scalar(scalar.Value ?? "", scalar.Style is ScalarStyle.Plain or ScalarStyle.Any, line),
            YamlSequenceNode list => new List([.. list.Select(item => From(item, depth + 1))], line),
            YamlMappingNode map => new Map(map.ToDictionary(field => Name(field.Key), field => From(field.Value, depth + 1)), line),
            _ => throw new SuiteFileException(line, "", "an alias that has no anchor"),
        };
    }

    private static string Name(YamlNode key) =>
        key is YamlScalarNode { Value: { } name } ? name : throw new SuiteFileException(key.Start.Line, "", "a field's name must be text");
}

/// <summary>What is wrong with a suite file, where, and in which field.</summary>
internal sealed class SuiteFileException(long line, string field, string problem) : Exception(problem)
{
    public long Line { get; } = line;

    /// <summary>Path such as <c>tests[2].requirements.cpuCores</c>; empty when it is about the file.</summary>
    public string Field { get; } = field;
}
