namespace LoadBalancer.Cli.Terminals;

/// <summary>Finds what somebody probably meant by a name that nobody knows.</summary>
internal static class NearestName
{
    /// <summary>Shorter beginnings fit too much.</summary>
    private const int MinBeginning = 3;

    /// <summary>The known name with the fewest edits or that begins so, or null when none is near enough to be a slip of the hand.</summary>
    public static string? Of(string unknown, IEnumerable<string> known)
    {
        var limit = Math.Max(2, unknown.Length / 3);
        return known
            .Select(name => (name, edits: IsBeginning(unknown, name) ? 1 : Edits(unknown.ToLowerInvariant(), name.ToLowerInvariant())))
            .Where(candidate => candidate.edits <= limit && candidate.edits < candidate.name.Length)
            .OrderBy(candidate => candidate.edits)
            .ThenBy(candidate => candidate.name, StringComparer.Ordinal)
            .Select(candidate => candidate.name)
            .FirstOrDefault();
    }

    /// <summary><c>; nearest is "x"</c>, or nothing.</summary>
    public static string Hint(string unknown, IEnumerable<string> known) =>
        Of(unknown, known) is { } nearest ? $"; nearest is \"{nearest}\"" : "";

    private static bool IsBeginning(string unknown, string name) =>
        unknown.Length >= MinBeginning && name.StartsWith(unknown, StringComparison.OrdinalIgnoreCase);

    /// <summary>Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).</summary>
    private static int Edits(string from, string to)
    {
        var edits = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++) edits[i, 0] = i;
        for (var j = 0; j <= to.Length; j++) edits[0, j] = j;
        for (var i = 1; i <= from.Length; i++)
        {
            for (var j = 1; j <= to.Length; j++)
            {
                var replace = edits[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                edits[i, j] = Math.Min(replace, 1 + Math.Min(edits[i - 1, j], edits[i, j - 1]));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                    edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
            }
        }

        return edits[from.Length, to.Length];
    }
}
