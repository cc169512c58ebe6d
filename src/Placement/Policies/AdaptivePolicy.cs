using static LoadBalancer.Placement.Wording;

namespace LoadBalancer.Placement;

/// <summary>
/// Where the run is expected to end first. All candidates could start it at once, so that is where it is predicted to take least. What a
/// placement would spoil is added in seconds, as a part of that time: near-equal predictions are decided by the fit, and only a clear
/// gain in speed may occupy rare devices with a run that does not need them. Without evidence all predictions are equal, and it is a
/// pull queue: any capable worker, the least versatile and least loaded first. It does not wait for a faster worker to become free.
/// </summary>
internal sealed class AdaptivePolicy : IPlacementPolicy
{
    /// <summary>To leave the rarest ability free, a run may take this much longer.</summary>
    private const double ScarcityWeight = 0.2;

    /// <summary>To have its preferred backend, a run may take this much longer.</summary>
    private const double PreferenceWeight = 0.1;

    /// <summary>Between workers that are otherwise alike, the one with more to spare; more would undo the two above.</summary>
    private const double LoadWeight = 0.01;

    public string Name => PolicyNames.Adaptive;

    public PolicyChoice Choose(PlacementContext context)
    {
        var demand = context.Demand;
        var ranked = Ranking.Cheapest(context.Candidates, candidate => Costs.Of(candidate, demand).Seconds, context.Random);
        return new PolicyChoice([.. ranked.Select(candidate => Ranked(candidate, demand, context.Candidates.Count))]);
    }

    private static RankedWorker Ranked(Candidate candidate, TestDemand demand, int candidates)
    {
        var costs = Costs.Of(candidate, demand);
        var others = candidates == 1 ? "the only one free" : $"best of {candidates} free";
        return new RankedWorker(
            candidate.Worker.WorkerId,
            costs.ByPart(),
            $"expected to take {Seconds(candidate.Predicted.P50)} here, {others}");
    }

    /// <summary>In seconds.</summary>
    private readonly record struct Costs(double Run, double Scarcity, double Preference, double Load)
    {
        public double Seconds => Run + Scarcity + Preference + Load;

        public static Costs Of(Candidate candidate, TestDemand demand)
        {
            var run = candidate.Predicted.P50.TotalSeconds;
            var preferred = demand.Requirements.PreferredBackend;
            var hasPreferred = string.IsNullOrEmpty(preferred)
                || candidate.Worker.Backends.Contains(preferred, StringComparer.OrdinalIgnoreCase);
            return new Costs(
                run,
                run * ScarcityWeight * candidate.Fit.Scarcity,
                hasPreferred ? 0 : run * PreferenceWeight,
                run * LoadWeight * candidate.Fit.Load);
        }

        /// <summary>To the millisecond; parts of nothing are left out.</summary>
        public Dictionary<string, double> ByPart()
        {
            var parts = new Dictionary<string, double> { ["run"] = Math.Round(Run, 3) };
            AddPart("scarcity", Scarcity);
            AddPart("preference", Preference);
            AddPart("load", Load);
            return parts;

            void AddPart(string name, double seconds)
            {
                if (seconds > 0)
                    parts[name] = Math.Round(seconds, 3);
            }
        }
    }
}
