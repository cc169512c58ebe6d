using System.CommandLine;
using LoadBalancer.Cli.Api;
using LoadBalancer.Cli.Terminals;

namespace LoadBalancer.Cli.Verbs;

/// <summary>The options that verbs share. Each verb takes those that mean something to it.</summary>
internal sealed class CommonOptions(Terminal terminal)
{
    private const string DefaultUrl = "http://127.0.0.1:5080";

    public Option<string?> Url { get; } = new("--url")
    {
        Description = $"Address of the scheduler. Default: LB_URL, else {DefaultUrl}. A token is taken from LB_TOKEN.",
        HelpName = "URL",
    };

    public Option<bool> Json { get; } = new("--json") { Description = "Write data as JSON to stdout." };

    public Option<bool> Plain { get; } = new("--plain") { Description = "Lines instead of a live display; nothing is cut. Also when piped, and in CI." };

    public Option<bool> NoColor { get; } = new("--no-color") { Description = "No colour. Also by NO_COLOR." };

    /// <summary>All of them for a verb that has verbs of its own: they may stand before or behind these.</summary>
    public void AddTo(Command verb)
    {
        foreach (var option in new Option[] { Url, Json, Plain, NoColor })
        {
            option.Recursive = true;
            verb.Add(option);
        }
    }

    public Output Output(ParseResult parse) => new(
        terminal,
        json: parse.GetValue(Json),
        plain: parse.GetValue(Plain),
        noColor: parse.GetValue(NoColor));

    public SchedulerClient Client(ParseResult parse)
    {
        var (value, setting) = parse.GetValue(Url) is { } given ? (given, "--url")
            : terminal.Setting("LB_URL") is { } set ? (set, "LB_URL")
            : (DefaultUrl, "the default");
        if (!Uri.TryCreate(value, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw LbException.BadInput($"{setting} is \"{value}\", which is no address: give one such as {DefaultUrl}");

        return new SchedulerClient(address, terminal.Setting("LB_TOKEN"), terminal.Time);
    }
}
