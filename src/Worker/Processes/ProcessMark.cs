using System.Text;

namespace LoadBalancer.Worker.Processes;

/// <summary>
/// A value in the environment of everything that a worker starts. A descendant that leaves its process group still carries it, so it is
/// found and killed; only a process that also cleared its environment escapes. The mark belongs to the work directory: the next worker
/// there recognises the orphans of the last one. Without <c>/proc</c> nothing is found.
/// </summary>
internal sealed class ProcessMark(string value)
{
    public const string Variable = "LB_MARK";

    private const int MaxRounds = 20;

    private int children;

    public string Value => value;

    /// <summary>As it stands in the environment of a bearer.</summary>
    public string Entry => $"{Variable}={Value}";

    /// <summary>A mark for one worker process: what an earlier one's guard still has to kill is told from what a later one starts.</summary>
    public ProcessMark ForProcess() => new($"{Value}.{Guid.NewGuid():N}");

    /// <summary>A mark for one child: it contains this one, so that a search for this one finds the child too.</summary>
    public ProcessMark ForChild() => new($"{Value}.{Interlocked.Increment(ref children)}.");

    /// <summary>Kills every process that carries the mark, and what they start meanwhile.</summary>
    /// <returns>How many were killed.</returns>
    public int KillBearers()
    {
        var killed = new HashSet<int>();
        for (var round = 0; round < MaxRounds; round++)
        {
            var found = Bearers();
            if (found.Count == 0)
                break;

            foreach (var id in found)
                Signals.Send(id, Signals.Kill);
            killed.UnionWith(found);
        }

        return killed.Count;
    }

    /// <summary>The living processes that carry the mark.</summary>
    public IReadOnlyList<int> Bearers()
    {
        if (!Directory.Exists("/proc"))
            return [];

        var wanted = Encoding.UTF8.GetBytes(Entry);
        var processes = Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(IsProcess).Select(int.Parse!);
        return [.. processes.Where(id => Carries(id, wanted))];
    }

    private static bool IsProcess(string? name) => name is { Length: > 0 } && name.All(char.IsAsciiDigit);

    private static bool Carries(int id, byte[] wanted)
    {
        try
        {
            // Empty for a zombie: what is dead carries nothing.
            return File.ReadAllBytes($"/proc/{id}/environ").AsSpan().IndexOf(wanted) >= 0;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
