namespace LoadBalancer.Placement.Tests;

public sealed class ArchitectureTests
{
    [Fact]
    public void Placement_references_only_the_runtime()
    {
        var references = typeof(Planner).Assembly.GetReferencedAssemblies().Select(reference => reference.Name!).ToList();

        Assert.NotEmpty(references);
        Assert.All(references, name => Assert.StartsWith("System.", name));
    }

    [Fact]
    public void Placement_does_no_input_output_and_starts_no_threads()
    {
        string[] outside =
            ["System.Net", "System.IO.FileSystem", "System.Diagnostics.Process", "System.Threading.Thread", "System.Console"];
        var references = typeof(Planner).Assembly.GetReferencedAssemblies().Select(reference => reference.Name!);

        Assert.DoesNotContain(references, name => outside.Any(name.StartsWith));
    }
}
