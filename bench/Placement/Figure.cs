namespace LoadBalancer.PlacementBench;

/// <summary>One figure over all seeds; less is better.</summary>
/// <param name="Mean">Over the seeds.</param>
/// <param name="Worst">The largest.</param>
/// <param name="GoalOfMean">What the mean should not exceed; null where there is no goal.</param>
/// <param name="GoalOfWorst">What no seed should exceed.</param>
internal sealed record Figure(double Mean, double Worst, double? GoalOfMean = null, double? GoalOfWorst = null)
{
    public bool? GoalMet => GoalOfMean is null && GoalOfWorst is null ? null : !(Mean > GoalOfMean || Worst > GoalOfWorst);

    public static Figure Of(IReadOnlyCollection<double> bySeed, double? goalOfMean = null, double? goalOfWorst = null) =>
        new(Math.Round(bySeed.Average(), 4), Math.Round(bySeed.Max(), 4), goalOfMean, goalOfWorst);
}
