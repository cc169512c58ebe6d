using System.CommandLine;
using LoadBalancer.Cli.Suites;
using LoadBalancer.Cli.Terminals;

namespace LoadBalancer.Cli.Verbs;

/// <summary>What a submitter wants of a watch.</summary>
internal sealed record WatchWish(string? JUnitPath, int? FailFast);

/// <summary>The options of <c>lb submit</c>.</summary>
internal sealed class SubmitOptions
{
    private const string BrokerVariable = "LB_BROKER";

    public Argument<string> File { get; } = new("FILE") { Description = $"The suite file; {SuiteFile.FromInput} reads the input." };

    public Option<bool> Watch { get; } = new("--watch") { Description = "Watch the runs to their end; the exit code is by the runs." };

    public Option<string?> JUnit { get; } = new("--junit") { Description = "Write a JUnit report, also when interrupted. Implies --watch.", HelpName = "OUT" };

    public Option<string?> Suite { get; } = new("--suite") { Description = "Name of the suite. Default: the file's, else file name and time.", HelpName = "NAME" };

    public Option<int?> FailFast { get; } = new("--fail-fast") { Description = "Cancel the rest after N failures. Implies --watch.", HelpName = "N" };

    public Option<bool> DryRun { get; } = new("--dry-run") { Description = "Check the file and print what would be submitted." };

    public Option<string?> Broker { get; } = new("--broker")
    {
        Description = $"Publish to RabbitMQ (amqp://user@host/vhost) instead of HTTP. Also by {BrokerVariable}, which keeps the password out of the process list.",
        HelpName = "URL",
    };

    public WatchWish? WatchOf(ParseResult parse)
    {
        var wish = new WatchWish(parse.GetValue(JUnit), parse.GetValue(FailFast));
        return parse.GetValue(Watch) || wish.JUnitPath is not null || wish.FailFast is not null ? wish : null;
    }

    /// <summary>Refuses what would only be found out after the tests have run.</summary>
    public void Check(ParseResult parse)
    {
        if (parse.GetValue(FailFast) is < 1) throw LbException.BadInput($"--fail-fast is {parse.GetValue(FailFast)}: give 1 or more");
        if (parse.GetValue(JUnit) is { } path && Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory && !Directory.Exists(directory))
            throw LbException.BadInput($"--junit {path}: there is no directory {directory}; make it first");
        if (parse.GetValue(Suite) is { Length: 0 or > 128 }) throw LbException.BadInput("--suite must have 1 to 128 characters");
    }

    /// <summary>Null when the tests go by HTTP.</summary>
    public Uri? BrokerAddress(ParseResult parse, Terminal terminal, Output output)
    {
        var (value, setting) = parse.GetValue(Broker) is { } given ? (given, "--broker") : (terminal.Setting(BrokerVariable), BrokerVariable);
        if (value is null) return null;
        if (!Uri.TryCreate(value, UriKind.Absolute, out var address) || address.Scheme is not ("amqp" or "amqps"))
            throw LbException.BadInput($"{setting} is no broker address: give one such as amqp://user@127.0.0.1:5672/");

        if (setting == "--broker" && address.UserInfo.Contains(':'))
            output.Say($"note: the process list shows the password in --broker; {BrokerVariable} keeps it out");
        return address;
    }
}
