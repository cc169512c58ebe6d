namespace LoadBalancer.Scheduler.Fleet;

/// <summary>
/// The order of what workers report: of one run, one report after the other as they came, whatever messages brought them; reports of
/// different runs at once, so that they become durable together. The beginning or end of a session waits for what its worker said before,
/// and what it says later waits for that. Remembers only what is under way.
/// </summary>
internal sealed class ReportOrder
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Lane> lanes = new(StringComparer.Ordinal);

    /// <summary>Handles something about a run after everything that the worker said of it before.</summary>
    public Task OfRunAsync(string workerId, Guid runId, Func<Task> handle) => QueueAsync(workerId, lane =>
    {
        var turn = AfterAsync(lane.OfRuns.GetValueOrDefault(runId, lane.OfWorker), handle);
        lane.OfRuns[runId] = turn;
        return (turn, () => lane.Forget(runId, turn));
    });

    /// <summary>Handles something about the worker after everything that it said before.</summary>
    public Task OfWorkerAsync(string workerId, Func<Task> handle) => QueueAsync(workerId, lane =>
    {
        lane.OfWorker = AfterAsync(Task.WhenAll([.. lane.OfRuns.Values, lane.OfWorker]), handle);
        lane.OfRuns.Clear();
        return (lane.OfWorker, () => { });
    });

    private Task QueueAsync(string workerId, Func<Lane, (Task Turn, Action Forget)> queue)
    {
        lock (gate)
        {
            if (!lanes.TryGetValue(workerId, out var lane))
                lanes[workerId] = lane = new Lane();
            lane.UnderWay++;
            var (turn, forget) = queue(lane);
            _ = ForgetAfterAsync(workerId, lane, turn, forget);
            return turn;
        }
    }

    /// <summary>What came before is over, well or not; whoever said it is told.</summary>
    private static async Task AfterAsync(Task before, Func<Task> handle)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        await handle();
    }

    private async Task ForgetAfterAsync(string workerId, Lane lane, Task turn, Action forget)
    {
        await turn.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        lock (gate)
        {
            forget();
            if (--lane.UnderWay == 0)
                lanes.Remove(workerId);
        }
    }

    /// <summary>One worker that said something which is not handled yet.</summary>
    private sealed class Lane
    {
        public int UnderWay { get; set; }

        /// <summary>The last of each run.</summary>
        public Dictionary<Guid, Task> OfRuns { get; } = [];

        public Task OfWorker { get; set; } = Task.CompletedTask;

        public void Forget(Guid runId, Task turn)
        {
            if (OfRuns.GetValueOrDefault(runId) == turn)
                OfRuns.Remove(runId);
        }
    }
}
