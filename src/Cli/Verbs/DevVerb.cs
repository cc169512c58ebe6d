using System.CommandLine;
using System.Reflection;
using LoadBalancer.Cli.Api;
using LoadBalancer.Cli.Embedded;
using LoadBalancer.Cli.Terminals;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb dev</c>: scheduler and workers in this process, kept running.</summary>
internal static class DevVerb
{
    private const string DefaultUrls = "http://127.0.0.1:5080";
    private const string DefaultData = ".lb";

    public static Command Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var workers = new Option<int>("--workers") { Description = "Number of workers.", DefaultValueFactory = _ => DemoFleet.UnlikeWorkers, HelpName = "N" };
        var urls = new Option<string>("--urls") { Description = "Where the API listens.", DefaultValueFactory = _ => DefaultUrls, HelpName = "U" };
        var data = new Option<string>("--data") { Description = "Directory of the database and the workers.", DefaultValueFactory = _ => DefaultData, HelpName = "DIR" };
        var verb = new Command("dev", "Run a scheduler and unlike workers in this process until Ctrl-C. Not for production.") { workers, urls, data };
        verb.SetAction((parse, cancel) => Run(common.Output(parse), terminal, parse.GetValue(workers), parse.GetValue(urls)!, parse.GetValue(data)!, cancel));
        return verb;
    }

    private static async Task<int> Run(Output output, Terminal terminal, int workers, string urls, string data, CancellationToken cancel)
    {
        if (workers is < 1 or > DemoFleet.MaxWorkers) throw LbException.BadInput($"--workers is {workers}: give 1 to {DemoFleet.MaxWorkers}");

        var directory = Prepare(data);
        var settings = new EmbeddedSettings(urls, directory, DemoFleet.Of(workers, Path.Combine(directory, "workers")), LogLevel.Warning);
        await using var host = await EmbeddedHost.Start(settings, terminal.Time, cancel);
        using var client = new SchedulerClient(host.Address, token: null, terminal.Time);
        var address = host.Address.AbsoluteUri.TrimEnd('/');
        output.WriteText($"""
            lb dev {Version}: everything in this process, not for production (data in {data})
              API        {address}/api      OpenAPI  {address}/openapi/v1.json
              workers    {FleetText.Of(await client.Workers(cancel))}
            try  {(address == DefaultUrls ? "" : $"export LB_URL={address}; ")}lb submit samples/suite.yaml --watch      lb explain <run>      lb workers
            """);
        try
        {
            await host.Watch(cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            output.Say("stopping");
        }

        return ExitCode.Passed;
    }

    private static string Prepare(string data)
    {
        try
        {
            return Directory.CreateDirectory(data).FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LbException.BadInput($"--data {data} cannot be used: {e.Message}");
        }
    }

    private static string Version =>
        typeof(DevVerb).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
