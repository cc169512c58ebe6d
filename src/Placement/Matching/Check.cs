namespace LoadBalancer.Placement;

/// <summary>
/// One hard condition, written once: filtering, counting refusals, the funnel and the nearest miss all read the same list of checks.
/// </summary>
/// <param name="Code">What a refusal is counted as.</param>
/// <param name="IsAsked">
/// Whether the run asks for anything here. One that asks for nothing is still refused where more is reserved than there is.
/// </param>
/// <param name="Shortfall">0 if the worker passes, else how much of what is needed is missing, up to 1 for all of it.</param>
/// <param name="Lack">What the refused workers have in common, after "3 workers ..." (<c>without backend 'cuda'</c>).</param>
/// <param name="Miss">What one refused worker lacks, after its name (<c>has no backend 'cuda'</c>).</param>
internal sealed record Check(
    RefusalCode Code,
    Func<Needs, bool> IsAsked,
    Func<Needs, RegisteredWorker, double> Shortfall,
    Func<Needs, string> Lack,
    Func<Needs, RegisteredWorker, string> Miss)
{
    /// <summary>The first check that the worker does not pass; null if it passes all.</summary>
    public static Check? FirstFailed(Check[] checks, Needs needs, RegisteredWorker worker)
    {
        foreach (var check in checks)
        {
            if (check.Shortfall(needs, worker) > 0)
                return check;
        }

        return null;
    }
}

internal static class RefusalCodeNames
{
    private static readonly string[] Names =
        [.. Enum.GetNames<RefusalCode>().Select(name => char.ToLowerInvariant(name[0]) + name[1..])];

    /// <summary>The code as decisions and explanations write it.</summary>
    public static string InCamelCase(this RefusalCode code) => Names[(int)code];
}
