namespace LoadBalancer.Placement;

/// <summary>A reservation with what is known of how long it lasts.</summary>
/// <param name="Reservation">What is held.</param>
/// <param name="Submitter">Whose run it is; null for one taken over from before a restart.</param>
/// <param name="Since">When it was decided on, or when its predecessor was expected to end, if that is known.</param>
/// <param name="Predicted">How long its run is expected to take; null if nothing is known.</param>
internal sealed record Occupation(Reservation Reservation, string? Submitter, DateTimeOffset? Since, DurationForecast? Predicted)
{
    /// <summary>A run that has outlived its forecast is expected to take this part of its time more.</summary>
    private const double Overrun = 0.2;

    private static readonly TimeSpan Unknown = TimeSpan.FromMinutes(1);

    private readonly TimeSpan typical = Predicted?.P50 ?? Unknown;

    public AttemptId Owner => new(Reservation.RunId, Reservation.Attempt);

    /// <summary>What it was placed for; null once it runs, and where it was taken over from before a restart.</summary>
    public TestDemand? Demand { get; set; }

    /// <summary>It has been asked back, to start sooner elsewhere.</summary>
    public bool IsRecalled { get; set; }

    /// <summary>Seconds that were charged to its submitter.</summary>
    public double Charged => typical.TotalSeconds;

    public DateTimeOffset EndsAt(DateTimeOffset now) => At(typical, now);

    public DateTimeOffset EndsLateAt(DateTimeOffset now) => At(Predicted?.P90 ?? 2 * Unknown, now);

    private DateTimeOffset At(TimeSpan length, DateTimeOffset now)
    {
        if (Since is not { } since)
            return now + length;

        var elapsed = now - since;
        return elapsed < length ? since + length : now + (Overrun * elapsed);
    }
}
