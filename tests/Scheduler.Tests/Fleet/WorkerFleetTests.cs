using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.Leadership;
using Microsoft.Extensions.DependencyInjection;

namespace LoadBalancer.Scheduler.Tests.Fleet;

public sealed class WorkerFleetTests
{
    private static readonly Guid Session = SagaFixture.Session;
    private static readonly WorkerRegistered Registration = new() { Capabilities = new WorkerCapabilities(), Slots = 1, ReplyTo = "" };

    [Fact]
    public async Task A_lease_ends_only_when_the_heartbeats_have_been_read_up_to_its_end()
    {
        await using var saga = await StartedAsync();
        saga.Time.Advance(TimeSpan.FromHours(1));

        // Nothing was read meanwhile: the worker may have sent a heartbeat every few seconds.
        Assert.Empty(await ExpireAsync(saga));
        await ReadPulseAsync(saga);
        Assert.Empty(await ExpireAsync(saga));

        for (var second = 0; second < 46; second++)
            await ReadPulseAsync(saga, TimeSpan.FromSeconds(1));
        Assert.Equal(SagaFixture.Worker, Assert.Single(await ExpireAsync(saga)).WorkerId);
    }

    [Fact]
    public async Task A_silent_worker_takes_no_new_work_until_it_is_heard_again()
    {
        await using var saga = await StartedAsync();
        var told = 0;
        saga.Get<WorkerFleet>().Changed += _ => told++;
        for (var second = 0; second < 11; second++)
            await ReadPulseAsync(saga, TimeSpan.FromSeconds(1));
        await ExpireAsync(saga);

        Assert.False(TakesWork(saga));
        await ExpireAsync(saga);
        Assert.Equal(1, told);

        await saga.Get<WorkerFleet>().RenewAsync(Heartbeat(), TestContext.Current.CancellationToken);
        Assert.True(TakesWork(saga));
        Assert.Equal(2, told);
    }

    [Fact]
    public async Task A_worker_that_is_about_to_leave_takes_no_new_work_and_its_next_session_does()
    {
        await using var saga = await StartedAsync();
        var cancel = TestContext.Current.CancellationToken;
        var told = 0;
        saga.Get<WorkerFleet>().Changed += _ => told++;

        await saga.Get<WorkerFleet>().RenewAsync(Heartbeat() with { Leaving = true }, cancel);
        await saga.Get<WorkerFleet>().RenewAsync(Heartbeat() with { Leaving = true }, cancel);
        Assert.Equal((false, 1), (TakesWork(saga), told));

        var next = Registration with { PreviousSessionId = Session };
        Assert.Null(await saga.Get<WorkerFleet>().RegisterAsync(SagaFixture.Worker, Guid.NewGuid(), next, cancel));
        Assert.True(TakesWork(saga));
    }

    [Fact]
    public async Task A_pulse_of_a_scheduler_that_no_longer_leads_ends_no_lease()
    {
        await using var saga = await StartedAsync();
        var cancel = TestContext.Current.CancellationToken;
        var leader = new SchedulerEpoch(saga.Get<IServiceScopeFactory>(), saga.Time);
        await leader.BeginAsync(cancel);

        for (var second = 0; second < 60; second++)
            await ReadPulseAsync(saga, TimeSpan.FromSeconds(1));

        Assert.Empty(await ExpireAsync(saga));
    }

    [Fact]
    public async Task A_scheduler_that_no_longer_leads_takes_no_session_for_one_that_is_not_valid()
    {
        await using var saga = await StartedAsync();
        var (fleet, cancel) = (saga.Get<WorkerFleet>(), TestContext.Current.CancellationToken);
        var unknown = Heartbeat() with { SessionId = Guid.NewGuid() };
        Assert.False(await fleet.RenewAsync(unknown, cancel));
        await fleet.LeaveAsync(SagaFixture.Worker, unknown.SessionId, cancel);
        Assert.NotNull(await fleet.RegisterAsync(SagaFixture.Worker, unknown.SessionId, Registration, cancel));

        await new SchedulerEpoch(saga.Get<IServiceScopeFactory>(), saga.Time).BeginAsync(cancel);

        // The later leader may have accepted it.
        await Assert.ThrowsAsync<NotLeadingException>(() => fleet.RenewAsync(unknown, cancel));
        await Assert.ThrowsAsync<NotLeadingException>(() => fleet.LeaveAsync(SagaFixture.Worker, unknown.SessionId, cancel));
        await Assert.ThrowsAsync<NotLeadingException>(() => fleet.RegisterAsync(SagaFixture.Worker, unknown.SessionId, Registration, cancel));
    }

    [Fact]
    public async Task A_worker_whose_first_registration_was_stored_without_an_answer_is_accepted_when_it_asks_again()
    {
        await using var saga = await StartedAsync();
        var (fleet, cancel) = (saga.Get<WorkerFleet>(), TestContext.Current.CancellationToken);
        var unanswered = SessionRules.Accept(null, "w2", Guid.NewGuid(), Registration, saga.Time.GetUtcNow(), TimeSpan.FromSeconds(45));
        await saga.ReadAsync(database =>
        {
            database.Add(unanswered);
            return database.SaveChangesAsync(cancel);
        });
        Assert.Null(fleet.Find("w2"));

        Assert.NotNull(await fleet.RegisterAsync("w2", Guid.NewGuid(), Registration, cancel));
        Assert.Null(await fleet.RegisterAsync("w2", unanswered.SessionId, Registration, cancel));

        Assert.True(fleet.TakesWork(fleet.Find("w2")!));
    }

    private static async Task<SagaFixture> StartedAsync()
    {
        var saga = await SagaFixture.StartAsync();
        var cancel = TestContext.Current.CancellationToken;
        await saga.Get<SchedulerEpoch>().BeginAsync(cancel);
        await ReadPulseAsync(saga);
        Assert.Null(await saga.Get<WorkerFleet>().RegisterAsync(SagaFixture.Worker, Session, Registration, cancel));
        return saga;
    }

    private static bool TakesWork(SagaFixture saga) => saga.Get<WorkerFleet>().TakesWork(saga.Get<WorkerFleet>().Find(SagaFixture.Worker)!);

    private static Task<IReadOnlyList<WorkerSession>> ExpireAsync(SagaFixture saga) =>
        saga.Get<WorkerFleet>().ExpireAsync(TestContext.Current.CancellationToken);

    private static async Task ReadPulseAsync(SagaFixture saga, TimeSpan? later = null)
    {
        saga.Time.Advance(later ?? TimeSpan.Zero);
        var pulse = saga.Get<HeartbeatPulse>().Next(saga.Time.GetUtcNow());
        await saga.Get<WorkerFleet>().ReadPulseAsync(pulse, TestContext.Current.CancellationToken);
    }

    private static WorkerHeartbeat Heartbeat() => new() { WorkerId = SagaFixture.Worker, SessionId = Session, Sequence = 1 };
}
