using LoadBalancer.Placement;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Tests.LiveSettings;

namespace LoadBalancer.Scheduler.Tests.Dispatch;

public sealed class RestoredReservationTests
{
    private static readonly TimeSpan Rounding = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task What_runs_is_expected_to_end_after_a_restart_when_it_was_before()
    {
        await using var scheduler = await LiveScheduler.StartAsync();
        var now = DateTimeOffset.UtcNow;
        var run = new DecisionRow { RunId = Guid.NewGuid(), Attempt = 2, WorkerId = "w", DecidedAt = now - TimeSpan.FromMinutes(10), PredictedSeconds = 3600, PredictedP90Seconds = 7200 };
        await scheduler.StoreAsync(
            run,
            new DecisionRow { RunId = run.RunId, Attempt = 1, WorkerId = "w", DecidedAt = now - TimeSpan.FromDays(1), PredictedSeconds = 1, PredictedP90Seconds = 2 },
            new ReservationRow { RunId = run.RunId, Attempt = 2, WorkerId = "w" });

        await scheduler.RestartAsync();

        var end = await EndOfAsync(scheduler, run.RunId, run.Attempt, now);
        Assert.InRange(end.P50, TimeSpan.FromMinutes(50) - Rounding, TimeSpan.FromMinutes(50) + Rounding);
        Assert.InRange(end.P90, TimeSpan.FromMinutes(110) - Rounding, TimeSpan.FromMinutes(110) + Rounding);
    }

    [Fact]
    public async Task A_reservation_without_a_forecast_is_taken_over_too()
    {
        await using var scheduler = await LiveScheduler.StartAsync();
        var held = new ReservationRow { RunId = Guid.NewGuid(), Attempt = 1, WorkerId = "w" };
        await scheduler.StoreAsync(held);

        await scheduler.RestartAsync();

        var reserved = await scheduler.Dispatcher.AskAsync(planner => planner.ReservationsOn("w"), TestContext.Current.CancellationToken);
        Assert.Equal(held.RunId, Assert.Single(reserved).RunId);
    }

    [Fact]
    public async Task Who_follows_an_attempt_holds_nothing_after_a_restart_until_that_has_ended()
    {
        await using var scheduler = await LiveScheduler.StartAsync();
        var now = DateTimeOffset.UtcNow;
        var (first, next) = (Guid.NewGuid(), Guid.NewGuid());
        await scheduler.StoreAsync(
            new DecisionRow { RunId = next, Attempt = 1, WorkerId = "w", DecidedAt = now },
            new ReservationRow { RunId = next, Attempt = 1, WorkerId = "w", AfterRunId = first, AfterAttempt = 1 },
            new DecisionRow { RunId = first, Attempt = 1, WorkerId = "w", DecidedAt = now - TimeSpan.FromMinutes(1) },
            new ReservationRow { RunId = first, Attempt = 1, WorkerId = "w" });

        await scheduler.RestartAsync();

        async Task<Guid[]> HoldersAsync(bool firstEnds) => await scheduler.Dispatcher.AskAsync(
            planner =>
            {
                if (firstEnds)
                    planner.Release(first, 1);
                return planner.ReservationsOn("w").Select(held => held.RunId).ToArray();
            },
            TestContext.Current.CancellationToken);
        Assert.Equal([first], await HoldersAsync(firstEnds: false));
        Assert.Equal([next], await HoldersAsync(firstEnds: true));
    }

    private static async Task<ExpectedEnd> EndOfAsync(LiveScheduler scheduler, Guid runId, int attempt, DateTimeOffset now)
    {
        var demand = new TestDemand { RunId = runId, Attempt = attempt, TestId = "test", SubmittedAt = now };
        var prospects = await scheduler.Dispatcher.AskAsync(
            planner => planner.ProspectsOf(demand, now, withEta: true), TestContext.Current.CancellationToken);
        return Assert.IsType<ExpectedEnd>(prospects.Eta);
    }
}
