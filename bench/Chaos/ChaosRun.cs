using System.Globalization;
using LoadBalancer.Chaos.Faults;
using LoadBalancer.Chaos.Fleet;
using LoadBalancer.Chaos.Judging;
using LoadBalancer.Chaos.Load;

namespace LoadBalancer.Chaos;

/// <summary>Starts everything, hurts it for the time given while tests are submitted, heals it, waits for the tests to end, and judges.</summary>
internal sealed class ChaosRun(Arguments arguments, TimeProvider time, Action<string> say) : IAsyncDisposable
{
    // Of the tests' end once nothing is hurt any more. What has not ended by then is lost.
    private static readonly TimeSpan SettleLimit = TimeSpan.FromMinutes(3);

    // For what would come late and must not come.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromMinutes(2);

    private readonly TestFleet fleet = new(arguments.Directory, arguments.Schedulers, time);
    private readonly string journalFile = Path.Combine(arguments.Directory, "journal");

    public async Task<(Report Report, Verdict Verdict)> RunAsync(CancellationToken aborted)
    {
        say($"settings: {TestFleet.Settings}");
        var plan = FaultPlan.Of(arguments.Seed, arguments.Duration, TestFleet.VictimsOf(arguments.Schedulers));
        var tests = new TestPlan(arguments.Seed, Path.Combine(AppContext.BaseDirectory, "attempt.sh"), journalFile).Over(arguments.Duration);
        var events = new EventStream(fleet.Broker, time);
        await using var submitter = new Submitter(new AmqpDoor(fleet.Broker), new ApiDoor(fleet.Apis), tests, time);
        var leaders = new LeaderWatch(fleet.SchedulerNames, fleet.Apis, time, say);
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        var following = await StartAsync(events, watching.Token, aborted);

        var injector = new FaultInjector(fleet.Targets, plan, time, say);
        using var faultsOver = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        faultsOver.CancelAfter(arguments.Duration);
        say($"{Uptime.Now():0.00} ready: {tests.Count} tests and {plan.Count} faults in {arguments.Duration.TotalSeconds} s");
        var watchingLeaders = leaders.RunAsync(watching.Token);
        var submitting = submitter.RunAsync(watching.Token);
        await injector.RunAsync(faultsOver.Token, aborted);

        var healed = Uptime.Now();
        say(string.Create(CultureInfo.InvariantCulture, $"{healed:0.00} everything is back"));
        var supervising = injector.SuperviseAsync(watching.Token);
        var settled = await SettleAsync(submitting, submitter, events, aborted);
        await Task.Delay(Aftermath, time, aborted);
        var evidence = new Evidence
        {
            Workers = TestFleet.Workers,
            Tests = submitter.Asked,
            Journal = await ReadJournalAsync(),
            Changes = events.Changes,
            Outages = injector.Outages,
            FrozenWorkers = injector.FrozenWorkers,
            Schedulers = fleet.SchedulerNames,
            Leaderships = leaders.Seen,
            WatchedUntil = Uptime.Now(),
        };
        var verdict = Judge.Of(evidence);
        var deadLetters = await DeadLetters.CountAsync(fleet.Broker, aborted);
        await new Records(arguments.Directory, fleet.Apis).KeepAsync(evidence, verdict);

        await watching.CancelAsync();
        await Task.WhenAll(following, supervising, submitting, watchingLeaders).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await fleet.DisposeAsync();
        var left = await Leftovers.EndAsync(await ReadJournalAsync(), journalFile, time);
        return (Summary(verdict, evidence, injector, settled - healed) with { LeftRunning = left.Count, DeadLetters = deadLetters }, verdict);
    }

    public ValueTask DisposeAsync() => fleet.DisposeAsync();

    /// <returns>The reading of the events, which goes on.</returns>
    private async Task<Task> StartAsync(EventStream events, CancellationToken watching, CancellationToken aborted)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        limit.CancelAfter(ReadyLimit);
        await fleet.StartSchedulersAsync(limit.Token);
        var following = events.RunAsync(watching);
        await events.Bound.WaitAsync(limit.Token);
        await fleet.StartWorkersAsync(limit.Token);
        return following;
    }

    /// <summary>When every test had ended, or the limit was reached.</summary>
    private async Task<double> SettleAsync(Task submitting, Submitter submitter, EventStream events, CancellationToken aborted)
    {
        var started = time.GetTimestamp();
        while (!(submitting.IsCompleted && submitter.Asked.All(test => events.HasEnded(test.RunId))) && time.GetElapsedTime(started) < SettleLimit)
            await Task.Delay(Glance, time, aborted);
        return Uptime.Now();
    }

    private async Task<Journal> ReadJournalAsync() =>
        Journal.Read(File.Exists(journalFile) ? await File.ReadAllLinesAsync(journalFile, CancellationToken.None) : []);

    private Report Summary(Verdict verdict, Evidence evidence, FaultInjector injector, double settled) => new()
    {
        Submitted = verdict.Submitted,
        Terminal = verdict.Terminal,
        Lost = verdict.Count(Harm.Lost),
        DoubleAccepted = verdict.Count(Harm.DoubleAccepted),
        OverlappingKeys = verdict.Count(Harm.OverlappingKeys),
        Oversubscribed = verdict.Count(Harm.Oversubscribed),
        Misplaced = verdict.Count(Harm.Misplaced),
        Kills = injector.Kills,
        RecoverySecondsMax = Math.Round(verdict.RecoverySecondsMax, 2),
        Unconfirmed = verdict.Unconfirmed,
        Unreadable = verdict.Unreadable,
        WrongVerdicts = verdict.Count(Harm.WrongVerdict),
        LeftRunning = 0,
        DeadLetters = 0,
        LostToInfrastructure = verdict.LostToInfrastructure,
        Freezes = injector.Freezes,
        EndedByThemselves = injector.EndedByThemselves,
        Executions = evidence.Journal.Executions.Count,
        SettledSeconds = Math.Round(settled, 2),
        Schedulers = arguments.Schedulers,
        Takeovers = verdict.Takeovers.Count,
        TakeoverSecondsMax = Math.Round(verdict.TakeoverSecondsMax, 2),
        Deposed = injector.Deposed,
        Seed = arguments.Seed,
        Seconds = arguments.Duration.TotalSeconds,
    };
}
