using System.Globalization;
using LoadBalancer.Chaos.Judging;

namespace LoadBalancer.Chaos.Faults;

/// <summary>
/// Makes the planned faults, each target's one after the other, and starts again what ended by itself. When the faults are over, what is
/// frozen or dead at that moment is brought back at once.
/// </summary>
internal sealed class FaultInjector(IReadOnlyList<IFaultTarget> targets, IReadOnlyList<Fault> plan, TimeProvider time, Action<string> say)
{
    // Of a scheduler that finds another one leading: it asks to be started again.
    private const int BeginAgain = 3;

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RestartPause = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly List<Outage> outages = [];
    private readonly List<Outage> frozenWorkers = [];

    public int Kills { get; private set; }

    public int Freezes { get; private set; }

    /// <summary>Processes that ended although nobody killed them, and not to begin again.</summary>
    public int EndedByThemselves { get; private set; }

    /// <summary>Schedulers that ended since another one led.</summary>
    public int Deposed { get; private set; }

    public IReadOnlyList<Outage> FrozenWorkers
    {
        get
        {
            lock (gate)
                return [.. frozenWorkers];
        }
    }

    public IReadOnlyList<Outage> Outages
    {
        get
        {
            lock (gate)
                return [.. outages];
        }
    }

    /// <summary>Returns when every fault is made and healed.</summary>
    public Task RunAsync(CancellationToken faultsOver, CancellationToken aborted)
    {
        var started = time.GetTimestamp();
        return Task.WhenAll(targets.Select(target => RunAsync(target, started, faultsOver, aborted)));
    }

    /// <summary>Starts again what ends by itself, until cancelled.</summary>
    public Task SuperviseAsync(CancellationToken ended) =>
        Task.WhenAll(targets.Select(target => SuperviseAsync(target, () => Glance, ended)));

    private async Task RunAsync(IFaultTarget target, long started, CancellationToken faultsOver, CancellationToken aborted)
    {
        foreach (var fault in plan.Where(fault => fault.Target == target.Name))
        {
            await SuperviseAsync(target, () => fault.At - time.GetElapsedTime(started), faultsOver);
            if (faultsOver.IsCancellationRequested)
                return;

            await MakeAsync(target, fault, faultsOver, aborted);
        }

        await SuperviseAsync(target, () => Glance, faultsOver);
    }

    private async Task SuperviseAsync(IFaultTarget target, Func<TimeSpan> left, CancellationToken ended)
    {
        for (var rest = left(); rest > TimeSpan.Zero && !ended.IsCancellationRequested; rest = left())
        {
            await RestartAsync(target);
            await PauseAsync(rest < Glance ? rest : Glance, ended);
        }
    }

    private async Task MakeAsync(IFaultTarget target, Fault fault, CancellationToken faultsOver, CancellationToken aborted)
    {
        var began = Uptime.Now();
        say(string.Create(CultureInfo.InvariantCulture, $"{began:0.00} {Verb(fault)} {target.Name}, {fault.Pause.TotalSeconds:0.0} s"));
        if (fault.Kind == FaultKind.Kill)
            await KillAsync(target, fault.Pause, faultsOver);
        else
            await FreezeAsync(target, fault.Pause, faultsOver);

        await SuperviseUntilAnsweringAsync(target, aborted);
        var back = Uptime.Now();
        say(string.Create(CultureInfo.InvariantCulture, $"{back:0.00} {target.Name} is back after {back - began:0.0} s"));
        lock (gate)
        {
            if (target.IsServer)
                outages.Add(new Outage(target.Name, began, back));
            else if (fault.Kind == FaultKind.Freeze)
                frozenWorkers.Add(new Outage(target.Name, began, back));
        }
    }

    /// <summary>A scheduler that wakes may end before it has answered.</summary>
    private async Task SuperviseUntilAnsweringAsync(IFaultTarget target, CancellationToken aborted)
    {
        var answering = target.WaitUntilAnsweringAsync(aborted);
        while (await Task.WhenAny(answering, Task.Delay(Glance, time, aborted)) != answering)
            await RestartAsync(target);
        await answering;
    }

    private async Task KillAsync(IFaultTarget target, TimeSpan pause, CancellationToken faultsOver)
    {
        lock (gate)
            Kills++;
        await target.KillAsync();
        await PauseAsync(pause, faultsOver);
        await target.StartAsync();
    }

    private async Task FreezeAsync(IFaultTarget target, TimeSpan pause, CancellationToken faultsOver)
    {
        lock (gate)
            Freezes++;
        try
        {
            target.Freeze();
            await PauseAsync(pause, faultsOver);
        }
        finally
        {
            target.Thaw();
        }
    }

    private async Task RestartAsync(IFaultTarget target)
    {
        if (target.EndedByItselfWith is not { } code)
            return;

        lock (gate)
        {
            if (code == BeginAgain)
                Deposed++;
            else
                EndedByThemselves++;
        }

        say(string.Create(CultureInfo.InvariantCulture, $"{Uptime.Now():0.00} {target.Name} ended by itself with {code} and is started again"));
        await Task.Delay(RestartPause, time, CancellationToken.None);
        await target.StartAsync();
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken faultsOver) =>
        await Task.Delay(pause, time, faultsOver).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static string Verb(Fault fault) => fault.Kind == FaultKind.Kill ? "kills" : "freezes";
}
