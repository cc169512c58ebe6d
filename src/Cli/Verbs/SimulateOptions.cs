using System.CommandLine;
using LoadBalancer.Placement;

namespace LoadBalancer.Cli.Verbs;

/// <summary>The options of <c>lb simulate</c>.</summary>
internal sealed class SimulateOptions
{
    public Option<string> Trace { get; } = new("--trace")
    {
        Description = "The workload: one submission per line (JSON).",
        HelpName = "FILE",
        Required = true,
    };

    public Option<string> Fleet { get; } = new("--fleet")
    {
        Description = "The workers: one, or a number of equal ones, per line (JSON).",
        HelpName = "FILE",
        Required = true,
    };

    public Option<string> Policy { get; } = new("--policy")
    {
        Description = $"The policy that places every test: {string.Join(", ", new PolicySet().Names)}; or a composite as JSON.",
        HelpName = "NAME",
        DefaultValueFactory = _ => PolicyNames.Adaptive,
    };

    public Option<string?> History { get; } = new("--history")
    {
        Description = "Earlier runs, written as a trace: learned before the start.",
        HelpName = "FILE",
    };

    public Option<int> Seed { get; } = new("--seed")
    {
        Description = "Of the planner's chance. The same inputs and seed give the same output.",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
    };

    public Option<string?> Schedule { get; } = new("--schedule")
    {
        Description = "Write every attempt, one per line, in order of start (JSON).",
        HelpName = "OUT",
    };

    public Option<bool> NoTiming { get; } = new("--no-timing")
    {
        Description = "Leave out how long the planner took, which differs from call to call.",
    };

    public Option<string?> Compare { get; } = new("--compare")
    {
        Description = "Policies to compare, separated by commas, or all.",
        HelpName = "A,B",
    };

    public Option<string?> Keys { get; } = new("--keys")
    {
        Description = "How many runs may share a concurrency key, such as '{\"license\": 2}'. Default: 1.",
        HelpName = "JSON",
    };
}
