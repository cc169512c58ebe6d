namespace LoadBalancer.Placement;

/// <summary>What came of trying to place one run.</summary>
internal abstract record PlacementAttempt
{
    private PlacementAttempt()
    {
    }

    public sealed record Placed(Decision Decision) : PlacementAttempt;

    /// <summary>No worker that it may use has room for it.</summary>
    public sealed record NoRoom(WorkerSet Allowed) : PlacementAttempt;

    /// <summary>There is room, but only where a worker is kept for another run that it would delay.</summary>
    public sealed record HeldOff : PlacementAttempt
    {
        public static HeldOff Instance { get; } = new();
    }

    /// <summary>Its policy rather waits for a worker that is busy now.</summary>
    public sealed record PassedOver(LaterWorker For) : PlacementAttempt;

    public sealed record PolicyFailed(PolicyFailure Failure) : PlacementAttempt;
}
