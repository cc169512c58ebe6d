using System.Text.Json;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;
using RabbitMQ.Client;

namespace LoadBalancer.System.Tests.ServerFaults;

/// <summary>An operator deletes, purges, limits and cuts what he should not, while tests run.</summary>
public sealed class OperatorFaultTests(TestServers servers) : ServerFaultTest(servers)
{
    private static readonly (string Name, string Value)[] Impatient =
        [("Scheduler__StartTimeout", "00:00:04"), ("Scheduler__SendTimeout", "00:00:02"), ("Scheduler__RelayAfter", "00:00:01")];

    [Fact]
    public async Task What_is_deleted_on_the_broker_is_declared_again_and_nothing_is_lost()
    {
        var scheduler = await StartSchedulerAsync(Impatient);
        await StartSteadyWorkerAsync(scheduler, "w1");
        await SubmitRunningAsync(scheduler, 2, "gate");

        foreach (var queue in new[] { "worker-w1", "worker-w1-control", "submit-test", "worker-events", "worker-heartbeats" })
        {
            await Broker.DeleteQueueAsync(queue);
        }

        await Broker.DeleteExchangeAsync("assignments");
        await SubmitWhenPossibleAsync(Journal.Tests("after", 3));
        await Eventually.TrueAsync("those submitted after it have ended", () => Journal.Ended == 3);
        Journal.Open("gate");

        await EachCompletesAsync(scheduler, maxAttempt: 3);
        ShowsEachOnce();
        await scheduler.WaitUntilReadyAsync();
    }

    [Fact]
    public async Task A_deleted_exchange_is_declared_and_bound_again_before_a_lease_ends()
    {
        var scheduler = await StartSchedulerAsync(Impatient);
        await StartSteadyWorkerAsync(scheduler, "w1");
        await SubmitRunningAsync(scheduler, 2, "gate");

        foreach (var exchange in new[] { "submit-test", "worker-events", "worker-heartbeats" })
        {
            await Broker.DeleteExchangeAsync(exchange);
        }

        Journal.Open("gate");
        await SubmitWhenPossibleAsync(Journal.Tests("after", 3));

        await EachEndsOnceAsync(scheduler);
        await scheduler.WaitUntilReadyAsync();
    }

    [Fact]
    public async Task A_run_whose_assignment_was_purged_is_recalled_and_assigned_again()
    {
        var scheduler = await StartSchedulerAsync([("Scheduler__DoubtAfter", "00:00:40"), .. Impatient]);
        var worker = await StartSteadyWorkerAsync(scheduler, "w1");
        // Frozen and cut off, it does not take the assignment, which stays in its queue.
        worker.Pause();
        await CutAsync("worker-w1");
        await SubmitAsync(Journal.Test("purged"));
        await Eventually.TrueAsync("the assignment is in the queue", async () => await Broker.ReadyMessagesAsync("worker-w1") == 1);
        await Broker.PurgeAsync("worker-w1");
        worker.Resume();

        await EachCompletesAsync(scheduler, maxAttempt: 2);
        ShowsEachOnce();
    }

    [Fact]
    public async Task A_registration_whose_answer_has_nowhere_to_go_is_no_dead_letter()
    {
        var scheduler = await StartSchedulerAsync(Impatient);
        await using var worker = await ScriptedWorker.ConnectAsync(Broker.Url, "s1");
        await worker.RegisterAsync();
        await Broker.DeleteExchangeAsync(worker.ReplyTo);

        await worker.AskAgainAsync();

        await Eventually.TrueAsync("it is answered, on an exchange that was declared again", async () =>
            (await Broker.ExchangesAsync()).Any(exchange => exchange.GetProperty("name").GetString() == worker.ReplyTo));
        await ShowsNoDeadLettersAsync();
    }

    [Fact]
    public async Task Assignments_wait_while_the_queue_of_a_worker_refuses_them()
    {
        var scheduler = await StartSchedulerAsync(("Scheduler__SendTimeout", "00:00:02"));
        await StartSteadyWorkerAsync(scheduler, "w1");
        await Broker.LimitQueuesAsync("^worker-w1$", maxLength: 0);
        await SubmitAsync(Journal.Tests("refused", 4));
        await Eventually.TrueAsync("the scheduler says so", () => CountOf(scheduler.Output, "will be repeated") >= 8);
        Assert.Equal(0, Journal.Ended);

        await Broker.LiftLimitAsync();
        await EachEndsOnceAsync(scheduler);
    }

    [Fact]
    public async Task A_full_queue_of_somebody_who_follows_the_events_delays_no_test_and_loses_no_event()
    {
        // Longer than the tests take together: one that waited for an event to be sent would show.
        var scheduler = await StartSchedulerAsync(("Scheduler__SendTimeout", "00:00:30"));
        await StartSteadyWorkerAsync(scheduler, "w1");
        await using var channel = await Client.NewChannelAsync();
        await channel.QueueDeclareAsync("events-full", durable: true, exclusive: false, autoDelete: false, cancellationToken: Token);
        await channel.QueueBindAsync("events-full", "test-events", "#", cancellationToken: Token);
        await Broker.LimitQueuesAsync("^events-full$", maxLength: 2);

        await SubmitAsync(Journal.Tests("watched", 40));
        await Eventually.TrueAsync("all tests have ended", () => Journal.Ended == 40, limit: TimeSpan.FromSeconds(25));
        await EachEndsOnceAsync(scheduler);
        await Broker.LiftLimitAsync();
        await Eventually.TrueAsync(
            "every event was sent", async () => await Database.ScalarAsync<long>("SELECT count(*) FROM outbox") == 0, limit: 2 * Eventually.Limit);
        // Submitted, assigned, running, completed; several in a message, and some of them twice.
        var arrived = new HashSet<(Guid RunId, long Sequence)>();
        await Eventually.TrueAsync("all events have arrived", async () =>
        {
            foreach (var message in await Client.TakeAllAsync("events-full"))
                arrived.UnionWith(ChangesIn(message));
            return arrived.Count == 4 * 40;
        });
    }

    [Fact]
    public async Task Nothing_is_lost_or_run_twice_when_every_connection_is_cut_during_work()
    {
        var scheduler = await StartSchedulerAsync();
        await StartSteadyWorkerAsync(scheduler, "w1");
        await SubmitAsync(Journal.Tests("short", 30));
        foreach (var ended in new[] { 4, 12, 20 })
        {
            await Eventually.TrueAsync($"{ended} tests have ended", () => Journal.Ended >= ended);
            await CutAsync("scheduler@");
            await CutAsync("worker-w1");
        }

        await EachEndsOnceAsync(scheduler);
        await scheduler.WaitUntilReadyAsync();
    }

    private static IEnumerable<(Guid RunId, long Sequence)> ChangesIn(BasicGetResult message)
    {
        using var body = JsonDocument.Parse(message.Body);
        return [.. body.RootElement.GetProperty("changes").EnumerateArray().Select(change => (change.GetProperty("runId").GetGuid(), change.GetProperty("sequence").GetInt64()))];
    }

    /// <summary>The management API knows a connection a moment later than it is made.</summary>
    private Task CutAsync(string client) =>
        Eventually.TrueAsync($"connections of {client} were cut", async () => await Broker.CutConnectionsAsync(client) > 0);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static int CountOf(string text, string part) => text.Split(part).Length - 1;
}
