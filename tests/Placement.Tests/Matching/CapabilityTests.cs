namespace LoadBalancer.Placement.Tests;

public sealed class CapabilityTests
{
    private static readonly WorkerProfile Worker = Given.Worker("w1", slots: 2, devices: [Given.Cuda("0"), Given.Cuda("1")]) with
    {
        Browsers = ["Chrome"],
        Software = new Dictionary<string, string> { ["python"] = "3.11.2" },
        Labels = new Dictionary<string, string> { ["zone"] = "a" },
    };

    public static TheoryData<string, RefusalCode?, Requirements> Cases => new()
    {
        { "nothing special", null, new Requirements() },
        { "exactly its memory, cores, disk", null, new Requirements { MemoryGb = 16, CpuCores = 8, DiskGb = 100 } },
        { "more memory", RefusalCode.Memory, new Requirements { MemoryGb = 16.1 } },
        { "more cores", RefusalCode.CpuCores, new Requirements { CpuCores = 9 } },
        { "more disk", RefusalCode.Disk, new Requirements { DiskGb = 101 } },
        { "its backend", null, new Requirements { RequiredBackend = "CUDA" } },
        { "another backend", RefusalCode.Backend, new Requirements { RequiredBackend = "rocm" } },
        { "another preferred backend", null, new Requirements { PreferredBackend = "rocm" } },
        { "its browser", null, new Requirements { Browsers = ["chrome"] } },
        { "one browser more", RefusalCode.Browsers, new Requirements { Browsers = ["chrome", "firefox"] } },
        { "its software", null, Software("Python", ">=3.10") },
        { "newer software", RefusalCode.Software, Software("python", ">=3.12") },
        { "other software", RefusalCode.Software, Software("node", "*") },
        { "an unreadable range", RefusalCode.Software, Software("python", "newest") },
        { "its label", null, Label("zone", "a") },
        { "another value", RefusalCode.Labels, Label("zone", "b") },
        { "another label", RefusalCode.Labels, Label("rack", "a") },
        { "a label in other case", RefusalCode.Labels, Label("zone", "A") },
        { "all its devices with all their memory", null, Given.Accelerators(2, 16) },
        { "a share with its part of the memory", null, Given.Accelerators(0.5, 8) },
        { "a share with more than its part", RefusalCode.AcceleratorMemory, Given.Accelerators(0.5, 9) },
        { "more devices", RefusalCode.Accelerators, Given.Accelerators(3) },
        { "a fraction more than its devices", RefusalCode.Accelerators, Given.Accelerators(2.5) },
        { "one of several models", null, Given.Accelerators(1, 0, "A100", "v100") },
        { "another model", RefusalCode.AcceleratorModels, Given.Accelerators(1, 0, "A100") },
        { "larger devices", RefusalCode.AcceleratorMemory, Given.Accelerators(1, 17) },
        { "no amount of another type", null, new Requirements { Accelerators = new Dictionary<string, double> { ["npu"] = 0 } } },
        { "memory that is no number", RefusalCode.Memory, new Requirements { MemoryGb = double.PositiveInfinity } },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_worker_is_capable_or_refused_for_the_reason(string asked, RefusalCode? expected, Requirements requirements)
    {
        var failed = Check.FirstFailed(CapabilityChecks.All, new Needs(requirements), new RegisteredWorker(Worker, 0));

        Assert.True(expected == failed?.Code, $"{asked}: expected {expected}, got {failed?.Code}");
    }

    [Fact]
    public void Equal_requirements_are_the_same_however_they_are_ordered()
    {
        var first = new Requirements { Labels = new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" } };
        var second = new Requirements { Labels = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" } };

        Assert.Single(new[] { first, second }.Distinct(SameRequirements.Comparer));
    }

    [Fact]
    public void Different_requirements_are_not_the_same()
    {
        Requirements[] all =
        [
            new(),
            new() { MemoryGb = 1 },
            new() { CpuCores = 2 },
            new() { DiskGb = 1 },
            new() { AcceleratorMemoryGb = 1 },
            new() { RequiredBackend = "a" },
            new() { PreferredBackend = "a" },
            new() { Browsers = ["a", "b"] },
            new() { Browsers = ["b", "a"] },
            new() { AcceleratorModels = ["a", "b"] },
            new() { Accelerators = new Dictionary<string, double> { ["a"] = 1 } },
            new() { Accelerators = new Dictionary<string, double> { ["a"] = 2 } },
            new() { Software = new Dictionary<string, string> { ["a"] = "1" } },
            new() { Labels = new Dictionary<string, string> { ["a"] = "1" } },
        ];

        Assert.Equal(all.Length, all.Distinct(SameRequirements.Comparer).Count());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    public void An_amount_that_would_make_capacity_out_of_nothing_is_refused(double memoryGb)
    {
        var planner = Given.Planner();

        Assert.Throws<ArgumentException>(() => planner.Submit(Given.Demand(new Requirements { MemoryGb = memoryGb })));
        Assert.Equal(0, planner.Waiting);
    }

    private static Requirements Software(string name, string range) =>
        new() { Software = new Dictionary<string, string> { [name] = range } };

    private static Requirements Label(string name, string value) =>
        new() { Labels = new Dictionary<string, string> { [name] = value } };
}
