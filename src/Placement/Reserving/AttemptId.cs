namespace LoadBalancer.Placement;

/// <summary>One hand-out of one run.</summary>
public readonly record struct AttemptId(Guid RunId, int Attempt);
