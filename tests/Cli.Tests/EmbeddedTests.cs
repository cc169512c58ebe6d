using System.Text.Json;
using LoadBalancer.Cli.Embedded;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Tests;

/// <summary>Real scheduler, real workers, real processes, all in this process.</summary>
public sealed class EmbeddedTests
{
    [Fact]
    public async Task The_demo_ends_as_its_sample_expects()
    {
        using var lb = new Lb();

        var exit = await lb.Run("demo", "--json");

        Assert.True(exit == ExitCode.Passed, lb.Error);
        var runs = JsonSerializer.Deserialize<RunPage>(lb.Out, JsonSerializerOptions.Web)!.Runs;
        Assert.InRange(runs.Count, 40, 100);
        Assert.InRange(runs.Select(run => run.WorkerId).OfType<string>().Distinct().Count(), 4, 5);
        Assert.Equal(
            [FailureKinds.TestFailed, FailureKinds.TimedOut, FailureKinds.Unschedulable],
            runs.Select(run => run.FailureKind).OfType<string>().Order());
    }

    [Fact]
    public async Task Dev_says_where_it_is_takes_a_suite_and_ends_when_interrupted()
    {
        using var directory = new TemporaryDirectory();
        using var dev = new Lb();
        var running = dev.Run("dev", "--urls", "http://127.0.0.1:0", "--data", directory.File("data"), "--workers", "3");
        await Until.True(() => dev.Out.Contains("try  ", StringComparison.Ordinal) || running.IsCompleted, "dev has started");
        Assert.False(running.IsCompleted, dev.Error);
        var address = dev.Out.Split("API        ")[1].Split("/api")[0];

        using var lb = new Lb { Variables = { ["LB_URL"] = address } };
        var exit = await lb.Run("submit", directory.File("s.yaml", "tests: [{testId: hello, command: {executable: sh, arguments: [-c, echo hello; exit 3]}}]"), "--watch");
        Assert.True(exit == ExitCode.TestsFailed, lb.Error);
        Assert.Contains("| hello", lb.Out, StringComparison.Ordinal);

        using var other = new Lb();
        Assert.Equal(ExitCode.BadInput, await other.Run("dev", "--urls", address, "--data", directory.File("other")));
        Assert.Contains($"{address} is taken: give another address, such as --urls", other.Error, StringComparison.Ordinal);

        dev.Interrupt();
        Assert.Equal(ExitCode.Passed, await running);
        Assert.Contains("2 x cuda SIM-24 24 GB (simulated)", dev.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--workers", "0", "--workers is 0: give 1 to 64")]
    [InlineData("--urls", "http://0.0.0.0:5999", "Api:Tokens")]
    public async Task Dev_refuses_what_cannot_work(string option, string value, string message)
    {
        using var directory = new TemporaryDirectory();
        using var lb = new Lb();

        Assert.Equal(ExitCode.BadInput, await lb.Run("dev", option, value, "--data", directory.File("data")));

        Assert.Contains(message, lb.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RunStates.Completed, null, 1, null)]
    [InlineData(RunStates.Failed, FailureKinds.TestFailed, 1, "t ended as Failed TestFailed, expected Completed: broke")]
    [InlineData(RunStates.Completed, null, 2, "t took 2 attempts, expected 1")]
    public void A_difference_from_the_expected_end_is_named(string state, string? kind, int attempts, string? difference)
    {
        var test = new SubmitTest { TestId = "t", Parameters = new Dictionary<string, string> { ["expectAttempts"] = "1" } };
        var run = new RunSummary { RunId = Guid.NewGuid(), TestId = "t", State = state, FailureKind = kind, Error = "broke", Attempt = attempts, SubmittedAt = default };

        Assert.Equal(difference, DemoExpectation.Of(test).Difference(run));
    }

    [Fact]
    public void A_fleet_of_any_size_has_distinct_workers_with_directories_of_their_own()
    {
        var fleet = DemoFleet.Of(DemoFleet.MaxWorkers, "/data");

        Assert.Equal(DemoFleet.MaxWorkers, fleet.Select(worker => worker.Id).Distinct().Count());
        Assert.Equal(DemoFleet.MaxWorkers, fleet.Select(worker => worker.WorkDirectory).Distinct().Count());
        Assert.Equal(["local-1", "sim-gpu-1"], DemoFleet.Of(2, "/data").Select(worker => worker.Id));
    }
}
