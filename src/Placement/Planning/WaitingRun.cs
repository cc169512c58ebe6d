using System.Numerics;

namespace LoadBalancer.Placement;

/// <summary>A demand with its shape, when its turn is if priorities are seen as time, and the number under which it came.</summary>
internal sealed class WaitingRun(TestDemand demand, Shape shape, DateTimeOffset turn, long number)
{
    private float[] seconds = [];

    public TestDemand Demand { get; } = demand;

    public Shape Shape { get; } = shape;

    public DateTimeOffset Turn { get; } = turn;

    public long Number { get; } = number;

    /// <summary>Predicted seconds where it is fastest, rounded so that nearly equal runs go in the order in which they came.</summary>
    public float Length { get; private set; }

    /// <summary>Kinds whose time it uses about as well as any other, one bit each.</summary>
    public ulong Home { get; private set; }

    /// <summary>Where it stands in line; null while it is not due, put aside for the rest of a pass, or patient.</summary>
    public Line? Line { get; set; }

    /// <summary>For whom it was passed over in the last pass although a worker was free for it; null if it was not.</summary>
    public LaterWorker? PassedOver { get; set; }

    /// <summary>Since when its policy has it wait by choice; null as long as it did not. Stays until it is placed, so that waiting has an end.</summary>
    public DateTimeOffset? WaitsSince { get; set; }

    /// <summary>For whom it waits by choice and up to when; null if it does not, or is to be looked at in every pass.</summary>
    public Patience? Patience { get; set; }

    /// <summary>Predicted seconds on a kind; asked first by <see cref="Predict"/>.</summary>
    public float SecondsOn(int kind) => seconds[kind];

    /// <summary>Kinds on which it takes less than on any of these, one bit each.</summary>
    public ulong FasterThan(ulong kinds)
    {
        var (here, faster) = (float.PositiveInfinity, 0UL);
        for (var rest = Shape.CapableKinds & kinds; rest != 0; rest &= rest - 1)
            here = Math.Min(here, seconds[BitOperations.TrailingZeroCount(rest)]);
        for (var rest = Shape.CapableKinds & ~kinds; rest != 0; rest &= rest - 1)
            faster |= seconds[BitOperations.TrailingZeroCount(rest)] < here ? rest & ~(rest - 1) : 0;
        return faster;
    }

    /// <summary>The same, or its length for a kind that has just come or is none.</summary>
    public float ExpectedOn(int kind) => kind >= 0 && kind < seconds.Length ? seconds[kind] : Length;

    public bool IsPredictedFor(int kinds) => seconds.Length >= kinds;

    public void Predict(IReadOnlyList<WorkerKind> kinds, DurationModel durations)
    {
        if (seconds.Length < kinds.Count)
            seconds = new float[kinds.Count];

        durations.Predict(Demand, kinds, seconds);
    }

    /// <summary>Takes the place that <see cref="PlaceFor"/> found; only while it stands in no line.</summary>
    public void Settle((float Length, ulong Home) place) => (Length, Home) = place;

    /// <summary>How long it is where it is fastest, and where it is at home by what a second of each kind is worth.</summary>
    /// <param name="prices">By kind.</param>
    /// <param name="kinds">Kinds that get new work, one bit each.</param>
    public (float Length, ulong Home) PlaceFor(ReadOnlySpan<double> prices, ulong kinds)
    {
        var capable = Shape.CapableKinds;
        if ((capable & kinds) != 0)
            capable &= kinds;

        var (shortest, cheapest) = (float.PositiveInfinity, double.PositiveInfinity);
        for (var rest = capable; rest != 0; rest &= rest - 1)
        {
            var kind = BitOperations.TrailingZeroCount(rest);
            shortest = Math.Min(shortest, seconds[kind]);
            cheapest = Math.Min(cheapest, seconds[kind] * PriceOf(prices, kind));
        }

        var home = 0UL;
        for (var rest = capable; rest != 0; rest &= rest - 1)
        {
            var kind = BitOperations.TrailingZeroCount(rest);
            if (seconds[kind] * PriceOf(prices, kind) <= cheapest * Tolerance)
                home |= 1UL << kind;
        }

        return (float.IsFinite(shortest) ? Rounded(shortest) : 0, home);
    }

    /// <summary>Where runs of this length begin in an order by length.</summary>
    public static WaitingRun FirstOf(float length) => new(null!, null!, DateTimeOffset.MinValue, 0) { Length = length };

    private static float Rounded(float seconds) =>
        seconds <= 0 ? 0 : MathF.Exp(MathF.Round(MathF.Log(seconds) / LengthStep) * LengthStep);

    // A kind that has just come has no price yet.
    private static double PriceOf(ReadOnlySpan<double> prices, int kind) => kind < prices.Length ? prices[kind] : 1;

    private const float LengthStep = 0.05f;

    /// <summary>Forecasts are not so sure that less would matter.</summary>
    private const double Tolerance = 1.15;
}
