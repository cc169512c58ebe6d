namespace LoadBalancer.Placement;

/// <summary>The least change after which a waiting run starts in the next pass, as things are now.</summary>
/// <param name="Text">What to change, for a person to read.</param>
/// <param name="Demand">The run as it would then ask.</param>
/// <param name="KeyLimits">Keys with the limits that they would need; the others stay.</param>
/// <param name="Joining">The worker that would have to join; null if the fleet may stay as it is.</param>
public sealed record Relaxation(string Text, TestDemand Demand, IReadOnlyDictionary<string, int> KeyLimits, WorkerProfile? Joining);
