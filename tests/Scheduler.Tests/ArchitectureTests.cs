using System.Reflection;
using System.Text.RegularExpressions;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Tests;

public sealed class ArchitectureTests
{
    [Fact]
    public void Contracts_reference_only_the_runtime() =>
        Assert.All(References(typeof(SubmitTest)), name => Assert.StartsWith("System.", name, StringComparison.Ordinal));

    [Fact]
    public void The_scheduler_does_not_know_the_worker_nor_the_command_line()
    {
        var ours = References(typeof(TestRun)).Where(name => name.StartsWith("LoadBalancer.", StringComparison.Ordinal));

        Assert.Equal(["LoadBalancer.Contracts", "LoadBalancer.Placement"], ours.Order());
    }

    [Fact]
    public void MassTransit_is_named_only_at_the_edges()
    {
        string[] edges = ["Bus", "Persistence", "Grouped", "TestRuns", "Outbox"];
        var elsewhere = SourceFiles()
            .Where(file => File.ReadAllText(file).Contains("using MassTransit", StringComparison.Ordinal))
            .Where(file => !edges.Contains(Path.GetFileName(Path.GetDirectoryName(file))))
            .Select(file => Path.GetFileName(file));

        // Consumers stand in the folder of what they consume for; the health check asks the bus how it is.
        Assert.Equal(
            ["ApiRoutes.cs", "CancelTestConsumer.cs", "SubmitTestConsumer.cs", "WorkerHeartbeatConsumer.cs", "WorkerReportConsumer.cs"],
            elsewhere.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_message_scheduler_is_used()
    {
        var forbidden = new Regex(@"\.Schedule\(|UseDelayedRedelivery|UseMessageScheduler|IMessageScheduler|UseDelayedMessageScheduler");

        Assert.Empty(SourceFiles().Where(file => forbidden.IsMatch(File.ReadAllText(file))).Select(Path.GetFileName));
    }

    [Fact]
    public void Public_types_are_only_those_that_the_bus_or_the_host_must_see()
    {
        var types = typeof(TestRun).Assembly.GetExportedTypes()
            .Where(type => type.Namespace?.EndsWith(".Migrations", StringComparison.Ordinal) == false)
            .Select(type => type.Name);

        Assert.Equal(["SchedulerProgram", "UnreadMessage"], types.Where(name => name != "Program").Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> References(Type type) =>
        type.Assembly.GetReferencedAssemblies().Select((AssemblyName reference) => reference.Name!);

    private static IEnumerable<string> SourceFiles()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "LoadBalancer.sln")))
            root = Path.GetDirectoryName(root.TrimEnd(Path.DirectorySeparatorChar)) ?? throw new DirectoryNotFoundException("no LoadBalancer.sln above the tests");
        return Directory.EnumerateFiles(Path.Combine(root, "src", "Scheduler"), "*.cs", SearchOption.AllDirectories);
    }
}
