namespace LoadBalancer.Placement;

/// <summary>What somebody probably meant by a name that no worker has.</summary>
internal static class NearName
{
    /// <summary>The known name with the fewest edits; null if none is near enough to be a slip of the hand.</summary>
    public static string? Of(string unknown, IEnumerable<string> known)
    {
        var limit = Math.Max(2, unknown.Length / 3);
        return known.Distinct(StringComparer.Ordinal)
            .Select(name => (Name: name, Edits: Edits(unknown.ToLowerInvariant(), name.ToLowerInvariant())))
            .Where(candidate => candidate.Edits <= limit && candidate.Edits < Math.Min(candidate.Name.Length, unknown.Length))
            .OrderBy(candidate => candidate.Edits)
            .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();
    }

    /// <summary>Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).</summary>
    private static int Edits(string from, string to)
    {
        var edits = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++)
            edits[i, 0] = i;
        for (var j = 0; j <= to.Length; j++)
            edits[0, j] = j;
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
