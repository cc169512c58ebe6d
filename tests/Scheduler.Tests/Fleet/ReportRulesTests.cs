using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Fleet;

namespace LoadBalancer.Scheduler.Tests.Fleet;

public sealed class ReportRulesTests
{
    private static readonly WorkerRegistered Registration = new() { Capabilities = new WorkerCapabilities(), Slots = 1, ReplyTo = "reply" };

    public static TheoryData<WorkerCapabilities, string> BadCapabilities => new()
    {
        { new() { MemoryGb = -1 }, "capabilities.memoryGb: -1 is not from 0" },
        { new() { DiskGb = double.PositiveInfinity }, "capabilities.diskGb: Infinity is not from 0" },
        { new() { CpuThreads = -2 }, "capabilities.cpuThreads: -2" },
        { new() { Hostname = "a\0" }, "capabilities.hostname: a text holds a NUL" },
        { new() { Class = new string('c', 2_000) }, "capabilities.class: a text has 2000 characters" },
        { new() { Backends = [null!] }, "capabilities.backends: null is no text" },
        { new() { Accelerators = [null!] }, "capabilities: null is no accelerator" },
        { new() { Accelerators = [new() { Type = "cuda", Id = "0", MemoryGb = -8 }] }, "capabilities.accelerators.0.memoryGb: -8" },
        { new() { Browsers = [new() { Name = "firefox", Features = [null!] }] }, "capabilities.browsers: null is no text" },
        { new() { Software = new Dictionary<string, string> { ["node"] = null! } }, "capabilities.software: null is no text" },
    };

    [Theory]
    [MemberData(nameof(BadCapabilities))]
    public void A_worker_is_not_registered_with_what_could_not_be_stored_or_planned_with(WorkerCapabilities capabilities, string problem) =>
        Assert.StartsWith(problem, ReportRules.Problem(Registration with { Capabilities = capabilities }), StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void A_worker_has_some_slots_and_not_endless_ones(int slots) =>
        Assert.StartsWith($"slots is {slots}", ReportRules.Problem(Registration with { Slots = slots }), StringComparison.Ordinal);

    [Fact]
    public void A_worker_that_says_nothing_of_itself_can_be_registered() => Assert.Null(ReportRules.Problem(Registration));

    [Theory]
    [InlineData(double.NaN, 0)]
    [InlineData(-5, 0)]
    [InlineData(1.5, 1.5)]
    [InlineData(1e308, 365 * 24 * 3600.0)]
    [InlineData(double.PositiveInfinity, 365 * 24 * 3600.0)]
    public void A_measurement_becomes_one_that_a_duration_can_hold(double measured, double kept)
    {
        var report = new TestFinished { RunId = Guid.NewGuid(), Attempt = 1, Outcome = TestOutcome.Passed, DurationSeconds = measured };

        Assert.Equal(kept, ReportRules.Measured(report).DurationSeconds);
    }
}
