using System.CommandLine;
using LoadBalancer.Cli.Simulation;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Placement;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb simulate</c>: the scheduler's planner against a recorded or invented workload, on a virtual clock.</summary>
internal static class SimulateVerb
{
    private const string AllPolicies = "all";

    public static Command Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var options = new SimulateOptions();
        var verb = new Command("simulate", "Run the planner on a virtual clock: what would that policy, or two more workers, have done?")
        {
            options.Trace, options.Fleet, options.Policy, options.History, options.Seed, options.Schedule, options.NoTiming,
            options.Compare, options.Keys, common.Json, common.Plain, common.NoColor,
        };
        verb.SetAction((parse, cancel) => Task.FromResult(Simulate(options, parse, common.Output(parse), cancel)));
        return verb;
    }

    private static int Simulate(SimulateOptions options, ParseResult parse, Output output, CancellationToken cancel)
    {
        var compare = parse.GetValue(options.Compare);
        var schedule = parse.GetValue(options.Schedule);
        if (compare is not null && schedule is not null) throw LbException.BadInput("--schedule shows one policy: leave out --compare");

        var policies = compare is null ? [Known(parse.GetValue(options.Policy)!, "--policy")] : Compared(compare);
        var scenario = Read(options, parse);
        var summaries = new List<Summary>();
        foreach (var policy in policies)
        {
            var result = Simulator.Run(scenario, policy, output.Time, cancel);
            if (schedule is not null) ScheduleFile.Write(schedule, result);
            summaries.Add(Summarizing.Of(result, timing: !parse.GetValue(options.NoTiming)));
        }

        if (!output.Json) output.Write(SimulationTable.Of(summaries));
        else if (compare is null) output.WriteJson(summaries[0]);
        else output.WriteJson(summaries);
        return ExitCode.Passed;
    }

    private static Scenario Read(SimulateOptions options, ParseResult parse) =>
        Scenario.Read(parse.GetValue(options.Trace)!, parse.GetValue(options.Fleet)!, parse.GetValue(options.History)) with
        {
            KeyLimits = KeyLimits.Parse(parse.GetValue(options.Keys)),
            Seed = parse.GetValue(options.Seed),
        };

    private static IReadOnlyList<string> Compared(string names) =>
        names == AllPolicies ? new PolicySet().Names : [.. Separate(names).Select(name => Known(name.Trim(), "--compare"))];

    /// <summary>At its commas, but for those inside of a policy that is given as JSON.</summary>
    private static IEnumerable<string> Separate(string names)
    {
        var (start, depth) = (0, 0);
        for (var i = 0; i < names.Length; i++)
        {
            if (names[i] is '{' or '[') depth++;
            else if (names[i] is '}' or ']') depth--;
            if (names[i] != ',' || depth > 0) continue;

            yield return names[start..i];
            start = i + 1;
        }

        yield return names[start..];
    }

    private static string Known(string policy, string option)
    {
        try
        {
            new PolicySet().Check(PolicySpec.Parse(policy));
            return policy;
        }
        catch (PolicySpecException unknown)
        {
            throw LbException.BadInput($"{option}: {unknown.Message}{NearestName.Hint(policy, new PolicySet().Names)}");
        }
    }
}
