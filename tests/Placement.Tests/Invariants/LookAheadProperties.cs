using CsCheck;

namespace LoadBalancer.Placement.Tests;

/// <summary>
/// Random short runs on small fleets with look-ahead and rebalancing on, and with the way of the messages in between. What really runs on a
/// worker, successors and all, never exceeds what it has, device by device; all runs end; nobody is moved twice.
/// </summary>
public sealed class LookAheadProperties
{
    private const int Streams = 300;

    private static readonly Gen<WorkerProfile[]> Fleet = Gen.Select(
        Gen.Int[1, 3], Gen.OneOf(2.0, 4.0), Gen.Int[0, 2],
        (slots, memory, devices) => Given.Worker("", slots, memory, devices: [.. Enumerable.Range(0, devices).Select(id => Given.Cuda($"{id}"))]))
        .Array[1, 3]
        .Select(workers => workers.Select((worker, index) => worker with { WorkerId = $"w{index}" }).ToArray());

    private static readonly Gen<(double Seconds, double Truth, double MemoryGb, double Devices, bool Key, double Gap)[]> Runs = Gen.Select(
        Gen.Double[0.1, 3], Gen.Frequency((9, Gen.Double[0.7, 1.3]), (1, Gen.Const(20.0))), Gen.OneOf(0.0, 0.5, 1.0, 2.0), Gen.OneOf(0.0, 0.0, 0.5, 1.0), Gen.Int[0, 9].Select(one => one == 0),
        Gen.Double[0, 0.5]).Array[5, 60];

    [Fact]
    public void No_worker_ever_runs_more_than_it_has()
    {
        var (followed, moved) = (0, 0);
        Gen.Select(Fleet, Runs, Gen.Int[0, 1000]).Sample(
            (fleet, runs, seed) =>
            {
                var world = new MessengerWorld(fleet, seed);
                world.Run(runs);
                Interlocked.Add(ref followed, world.Followed);
                Interlocked.Add(ref moved, world.Moved);
            },
            iter: Streams);

        Assert.True(followed > Streams, $"only {followed} runs were handed out ahead");
        Assert.True(moved > Streams / 20, $"only {moved} runs were moved");
    }

    /// <summary>A planner, workers that do as they are told, and messages that take a while both ways.</summary>
    private sealed class MessengerWorld
    {
        private static readonly TimeSpan Way = TimeSpan.FromMilliseconds(20);

        private readonly PriorityQueue<Action, (DateTimeOffset At, int Number)> events = new();
        private readonly Dictionary<Guid, (TestDemand Demand, TimeSpan Length)> runs = [];
        private readonly Dictionary<string, WorkerProfile> fleet;
        private readonly Dictionary<AttemptId, Reservation> running = [];
        private readonly Dictionary<AttemptId, List<Action>> whenEnded = [];
        private readonly HashSet<AttemptId> known = [];
        private readonly Dictionary<AttemptId, Reservation> handedOut = [];
        private readonly HashSet<AttemptId> withdrawn = [];
        private readonly HashSet<Guid> ended = [];
        private readonly Planner planner;
        private DateTimeOffset now = Given.Noon;
        private int number;

        public MessengerWorld(WorkerProfile[] workers, int seed)
        {
            fleet = workers.ToDictionary(worker => worker.WorkerId);
            planner = new Planner(new PolicySet(), new DurationModel(), new Random(seed), horizon: TimeSpan.FromSeconds(2));
            // One joins late, so that there is something to move.
            foreach (var worker in workers)
                After(worker.WorkerId == "w1" ? TimeSpan.FromSeconds(5) : TimeSpan.Zero, () => planner.Register(worker));
        }

        public int Followed { get; private set; }

        public int Moved { get; private set; }

        public void Run((double Seconds, double Truth, double MemoryGb, double Devices, bool Key, double Gap)[] stream)
        {
            var at = TimeSpan.Zero;
            foreach (var (seconds, truth, memory, devices, key, gap) in stream)
            {
                at += TimeSpan.FromSeconds(gap);
                var demand = Given.Demand(Given.Accelerators(devices) with { MemoryGb = memory }, submittedAfter: at, keys: key ? ["key"] : []) with
                {
                    ExpectedDuration = TimeSpan.FromSeconds(seconds),
                };
                if (!fleet.Values.Any(worker => Rules.IsCapable(worker, demand.Requirements)))
                    continue;

                runs[demand.RunId] = (demand, TimeSpan.FromSeconds(seconds * truth));
                After(at, () => planner.Submit(demand));
            }

            while (events.TryDequeue(out var happens, out var when))
            {
                now = when.At;
                happens();
                Plan();
            }

            Assert.Equal(runs.Keys.Order(), ended.Order());
        }

        private void Plan()
        {
            foreach (var decision in planner.Plan(now, 100).Decisions)
                HandOut(decision);
            foreach (var move in planner.Rebalance(now))
                After(Way, () => Recall(move));
        }

        private void HandOut(Decision decision)
        {
            var attempt = new AttemptId(decision.RunId, decision.Attempt);
            handedOut[attempt] = decision.Reservation;
            Assert.True(
                handedOut.Keys.Count(id => handedOut[id].WorkerId == decision.WorkerId && !known.Contains(id)) <= fleet[decision.WorkerId].Slots,
                "no more is handed out and not started than there are slots");
            if (decision.StartsAfter is { } predecessor)
            {
                Followed++;
                Assert.Contains(predecessor, known);
                Assert.Empty(decision.Reservation.Keys);
                Assert.Equal(decision.WorkerId, handedOut[predecessor].WorkerId);
                After(Way, () => StartWhenEnded(attempt, predecessor));
            }
            else
            {
                After(Way, () => Start(attempt));
            }
        }

        private void StartWhenEnded(AttemptId attempt, AttemptId predecessor)
        {
            if (!running.ContainsKey(predecessor))
            {
                Start(attempt);
                return;
            }

            if (!whenEnded.TryGetValue(predecessor, out var waiting))
                whenEnded[predecessor] = waiting = [];
            waiting.Add(() => Start(attempt));
        }

        private void Start(AttemptId attempt)
        {
            if (withdrawn.Contains(attempt))
                return;

            var reservation = handedOut[attempt];
            running.Add(attempt, reservation);
            Assert.True(
                Rules.FitsIn(fleet[reservation.WorkerId], [.. running.Values.Where(other => other.WorkerId == reservation.WorkerId)], reservation),
                "more runs there than the worker has");
            After(Way, () =>
            {
                known.Add(attempt);
                planner.Started(attempt.RunId, attempt.Attempt);
            });
            After(runs[attempt.RunId].Length, () => End(attempt));
        }

        private void End(AttemptId attempt)
        {
            running.Remove(attempt);
            if (whenEnded.Remove(attempt, out var waiting))
                waiting.ForEach(start => start());
            After(Way, () =>
            {
                known.Add(attempt);
                Assert.True(ended.Add(attempt.RunId));
                Assert.True(planner.Release(attempt.RunId, attempt.Attempt));
            });
        }

        private void Recall(Move move)
        {
            if (running.ContainsKey(move.Attempt) || ended.Contains(move.Attempt.RunId) || known.Contains(move.Attempt))
                return;

            withdrawn.Add(move.Attempt);
            After(Way, () =>
            {
                Moved++;
                handedOut.Remove(move.Attempt);
                var (demand, length) = runs[move.Attempt.RunId];
                Assert.False(demand.WasMoved, "nobody is moved twice");
                demand = demand with { Attempt = demand.Attempt + 1, WasMoved = true };
                runs[demand.RunId] = (demand, length);
                Assert.True(planner.Release(move.Attempt.RunId, move.Attempt.Attempt));
                planner.Submit(demand);
            });
        }

        private void After(TimeSpan delay, Action action) => events.Enqueue(action, (now + delay, ++number));
    }
}
