using System.Globalization;
using LoadBalancer.Chaos.Judging;
using LoadBalancer.Contracts;

namespace LoadBalancer.Chaos.Tests;

/// <summary>Evidence in few words: one worker of two slots with one device, north; one of one slot, south.</summary>
internal sealed class Lives
{
    private readonly List<string> lines = [];
    private readonly List<Change> changes = [];
    private readonly List<AskedTest> tests = [];
    private readonly List<Outage> outages = [];
    private readonly List<Outage> frozenWorkers = [];
    private readonly List<Leadership> leaderships = [];
    private int processes;

    public static Guid Run(int number) => new(number, 0, 0, new byte[8]);

    public Lives Asked(
        int run, double? confirmedAt = 0, Ending ending = Ending.Passes, string[]? keys = null, (string, double)? device = null, string? site = null)
    {
        tests.Add(new AskedTest(Run(run), ending)
        {
            ConfirmedAt = confirmedAt,
            Keys = keys ?? [],
            Devices = device is var (type, amount) ? new Dictionary<string, double> { [type] = amount } : [],
            Labels = site is null ? [] : new Dictionary<string, string> { ["site"] = site },
        });
        return this;
    }

    /// <summary>A process that was there from <paramref name="from"/> to <paramref name="to"/>; without an end line if it was killed.</summary>
    public Lives Ran(int run, double from, double to, int attempt = 1, string worker = "north", string devices = "-", bool killed = false)
    {
        var process = ++processes;
        lines.AddRange([Line("start", from), Line("alive", (from + to) / 2), Line(killed ? "alive" : "end", to)]);
        return this;

        string Line(string kind, double at) =>
            string.Create(CultureInfo.InvariantCulture, $"{kind} {at:0.00} {Run(run)} {attempt} {worker} {process} - {devices}");
    }

    public Lives Announced(int run, long sequence, string state = RunStates.Completed, string? kind = null, int attempt = 1)
    {
        changes.Add(new Change(Run(run), sequence, state, attempt, "north", kind, ""));
        return this;
    }

    public Lives Away(string server, double began, double answeredAgain)
    {
        outages.Add(new Outage(server, began, answeredAgain));
        return this;
    }

    /// <summary>Of the schedulers a and b.</summary>
    public Lives Leads(string scheduler, double readyAt, double lastSeen)
    {
        leaderships.Add(new Leadership(scheduler, readyAt, lastSeen));
        return this;
    }

    public Lives Frozen(string worker, double began, double thawed)
    {
        frozenWorkers.Add(new Outage(worker, began, thawed));
        return this;
    }

    public Verdict Judged(double watchedUntil = 100) => Judge.Of(new Evidence
    {
        Workers =
        [
            new WorkerShape("north", 2) { Devices = new Dictionary<string, int> { ["cuda"] = 1 }, Labels = new Dictionary<string, string> { ["site"] = "north" } },
            new WorkerShape("south", 1) { Labels = new Dictionary<string, string> { ["site"] = "south" } },
        ],
        Tests = tests,
        Journal = Journal.Read(lines),
        Changes = changes,
        Outages = outages,
        FrozenWorkers = frozenWorkers,
        Schedulers = ["a", "b"],
        Leaderships = leaderships,
        WatchedUntil = watchedUntil,
    });
}
