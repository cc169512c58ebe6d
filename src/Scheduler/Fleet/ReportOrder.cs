using System.Collections.Concurrent;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>
/// The order of what workers report: of one run, one report after the other as they came, whatever messages brought them; reports of
/// different runs at once, so that they become durable together. The beginning or end of a session waits for what its worker said before,
/// and what it says later waits for that.
/// </summary>
internal sealed class ReportOrder
{
    private readonly ConcurrentDictionary<string, Lane> lanes = new(StringComparer.Ordinal);

    /// <summary>Handles something about a run after everything that the worker said of it before.</summary>
    public Task OfRunAsync(string workerId, Guid runId, Func<Task> handle) => LaneOf(workerId).OfRunAsync(runId, handle);

    /// <summary>Handles something about the worker after everything that it said before.</summary>
    public Task OfWorkerAsync(string workerId, Func<Task> handle) => LaneOf(workerId).OfWorkerAsync(handle);

    public void Forget(string workerId) => lanes.TryRemove(workerId, out _);

    private Lane LaneOf(string workerId) => lanes.GetOrAdd(workerId, _ => new Lane());

    /// <summary>One worker.</summary>
    private sealed class Lane
    {
        private readonly Lock gate = new();
        private readonly Dictionary<Guid, Task> last = [];
        private Task ofWorker = Task.CompletedTask;

        public Task OfRunAsync(Guid runId, Func<Task> handle)
        {
            lock (gate)
            {
                var turn = AfterAsync(last.GetValueOrDefault(runId, ofWorker), handle);
                last[runId] = turn;
                _ = RemoveAfterAsync(runId, turn);
                return turn;
            }
        }

        public Task OfWorkerAsync(Func<Task> handle)
        {
            lock (gate)
            {
                ofWorker = AfterAsync(Task.WhenAll([.. last.Values, ofWorker]), handle);
                last.Clear();
                return ofWorker;
            }
        }

        /// <summary>What came before is over, well or not; whoever said it is told.</summary>
        private static async Task AfterAsync(Task before, Func<Task> handle)
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
            await handle();
        }

        private async Task RemoveAfterAsync(Guid runId, Task turn)
        {
            await turn.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
            lock (gate)
            {
                if (last.GetValueOrDefault(runId) == turn)
                    last.Remove(runId);
            }
        }
    }
}
