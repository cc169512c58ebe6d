namespace LoadBalancer.Worker.Executors;

/// <summary>Resolves a path that came by message, links followed, and refuses one that leaves its root.</summary>
internal static class ConfinedPath
{
    private const int MaxLinks = 40;

    /// <param name="root">An existing directory.</param>
    /// <param name="path">Relative to the root, or absolute and inside it.</param>
    /// <exception cref="TestCannotRunException">The path leads out of the root.</exception>
    public static string Resolve(string root, string path)
    {
        var realRoot = RealPath(root);
        var real = RealPath(Path.Combine(realRoot, path));
        return real == realRoot || real.StartsWith(realRoot + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? real
            : throw new TestCannotRunException($"working directory '{path}' leads out of the directory of the run: name one inside it");
    }

    /// <summary>The path with every link on the way followed; parts that do not exist are kept as they are.</summary>
    private static string RealPath(string path)
    {
        var real = "/";
        var links = 0;
        var parts = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        while (parts.TryPop(out var part))
        {
            if (part is ".")
                continue;

            // A parent is taken of what is real so far, as the kernel does, not of the text.
            var next = part is ".." ? Path.GetDirectoryName(real) ?? "/" : Path.Combine(real, part);
            if (part is ".." || new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MaxLinks)
                throw new TestCannotRunException($"working directory '{path}' has too many links on its way");

            foreach (var step in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
                parts.Push(step);
            real = target.StartsWith('/') ? "/" : real;
        }

        return real;
    }
}
