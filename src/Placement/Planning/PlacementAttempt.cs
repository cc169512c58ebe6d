namespace LoadBalancer.Placement;

/// <summary>What came of trying to place one run.</summary>
internal abstract record PlacementAttempt
{
    private PlacementAttempt()
    {
    }

    public sealed record Placed(Decision Decision) : PlacementAttempt;

    /// <summary>A key it needs is taken.</summary>
    public sealed record KeyTaken : PlacementAttempt
    {
        public static KeyTaken Instance { get; } = new();
    }

    /// <summary>No worker that it may use has room for it.</summary>
    /// <param name="ForItsShape">No worker has, so no other run with equal requirements needs to be tried in this pass.</param>
    public sealed record NoRoom(bool ForItsShape) : PlacementAttempt;

    public sealed record PolicyFailed(PolicyFailure Failure) : PlacementAttempt;
}
