namespace LoadBalancer.Placement;

/// <summary>
/// What each submitter has used of the fleet lately, against its weight: who has used least for its weight goes next (weighted fair
/// queueing). Use is forgotten by half in every half-life, so an account that was busy yesterday is not held back today, and one that
/// was idle saves up nothing.
/// </summary>
/// <param name="halfLife">After this long, use counts half.</param>
internal sealed class SubmitterShares(TimeSpan halfLife)
{
    private readonly Dictionary<string, double> weights = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> used = new(StringComparer.Ordinal);
    private readonly List<Occupation> ended = [];
    private DateTimeOffset? decayedAt;

    /// <exception cref="ArgumentOutOfRangeException">The weight is not above 0.</exception>
    public void Weigh(string submitter, double weight)
    {
        if (!(weight > 0 && double.IsFinite(weight)))
            throw new ArgumentOutOfRangeException(nameof(weight), weight, $"The share of '{submitter}' must be above 0.");

        weights[submitter] = weight;
    }

    /// <summary>Seconds of work for its weight.</summary>
    public double UseOf(string submitter) => used.GetValueOrDefault(submitter) / WeightOf(submitter);

    public double WeightOf(string submitter) => weights.GetValueOrDefault(submitter, 1);

    /// <param name="submitter">The account.</param>
    /// <param name="seconds">Seconds of a slot; negative to correct what was charged too much.</param>
    public void Charge(string submitter, double seconds) =>
        used[submitter] = Math.Max(0, used.GetValueOrDefault(submitter) + seconds);

    /// <summary>What it has really used is known now; it counts from the next <see cref="Settle"/>.</summary>
    public void Correct(Occupation released) => ended.Add(released);

    /// <summary>Charges what was used instead of what was expected, and forgets with time; accounts whose use is negligible are dropped.</summary>
    public void Settle(DateTimeOffset now)
    {
        foreach (var occupation in ended)
        {
            if (occupation is { Submitter: { } submitter, Since: { } since })
                Charge(submitter, Math.Max(0, (now - since).TotalSeconds) - occupation.Charged);
        }

        ended.Clear();
        Decay(now);
    }

    private void Decay(DateTimeOffset now)
    {
        if (decayedAt is { } last && now - last < halfLife / Steps)
            return;

        var factor = decayedAt is { } before ? Math.Pow(0.5, (now - before) / halfLife) : 1;
        decayedAt = now;
        foreach (var (submitter, seconds) in used.ToList())
        {
            if (seconds * factor < Negligible)
                used.Remove(submitter);
            else
                used[submitter] = seconds * factor;
        }
    }

    /// <summary>Forgetting in steps as small as nobody notices.</summary>
    private const int Steps = 100;

    private const double Negligible = 0.001;
}
