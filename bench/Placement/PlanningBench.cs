namespace LoadBalancer.PlacementBench;

internal static class PlanningBench
{
    public static object Run(string policy, TimeProvider time) => new { policy, time };
}
