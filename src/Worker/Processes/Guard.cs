using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace LoadBalancer.Worker.Processes;

/// <summary>
/// A small shell that knows the process groups of all running children. It reads them from a pipe that only the worker holds open:
/// however the worker dies, the pipe closes and the shell kills the groups and whatever else carries the worker's mark. It also kills the
/// children when a fence passes that was not moved in time: a worker that is frozen cannot end its tests itself.
/// A guard that was killed is replaced when next a child is added or the fence is moved.
/// </summary>
internal sealed class Guard(ProcessMark mark, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan ShortestFence = TimeSpan.FromMilliseconds(10);

    private readonly Lock gate = new();
    private readonly Dictionary<int, ProcessMark> children = [];
    private readonly ProcessMark sleeperMark = mark.ForChild();
    private (long From, TimeSpan After)? fence;
    private Process? shell;

    /// <summary>The shell's process id; for tests and diagnostics.</summary>
    public int? ProcessId => shell?.Id;

    /// <summary>Hands a child over. When this returns, its group and whatever carries its mark die with the worker.</summary>
    /// <exception cref="InvalidOperationException">There is no guard to be had.</exception>
    public void Add(int group, ProcessMark childMark)
    {
        lock (gate)
        {
            children.Add(group, childMark);
            if (!Tell($"add {Line(group, childMark)}") && !TryReplace())
                throw new InvalidOperationException("the guard process ended at once; nothing is started without one");
        }
    }

    /// <summary>Takes back a child of which nothing is left.</summary>
    public void Remove(int group)
    {
        lock (gate)
        {
            if (children.Remove(group, out var childMark))
                Tell($"del {Line(group, childMark)}");
        }
    }

    /// <summary>Moves the fence: all children are killed after this time unless it is moved again or lifted. Needs <c>/proc</c>.</summary>
    public void Fence(TimeSpan after)
    {
        lock (gate)
        {
            fence = (time.GetTimestamp(), after);
            if (!TellFence() && children.Count > 0)
                TryReplace();
        }
    }

    public void LiftFence()
    {
        lock (gate)
        {
            fence = null;
            Tell("lift");
        }
    }

    /// <summary>Ends the guard; it kills what is still registered.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            shell?.StandardInput.Dispose();
            shell?.Dispose();
            shell = null;
        }
    }

    private static string Line(int group, ProcessMark childMark) =>
        string.Create(CultureInfo.InvariantCulture, $"{group}:{childMark.Entry}");

    /// <returns>Whether there is a guard that knows all children.</returns>
    private bool TryReplace()
    {
        if (shell is not null)
            sleeperMark.KillBearers();
        shell?.Dispose();
        try
        {
            shell = Start();
        }
        catch (Win32Exception)
        {
            shell = null;
            return false;
        }

        return (fence is null || TellFence()) && children.All(child => Tell($"add {Line(child.Key, child.Value)}"));
    }

    private Process? Start()
    {
        var start = Shell.InOwnSession(GuardScript.Text, "lb-guard", mark.Entry, sleeperMark.Entry);
        start.RedirectStandardInput = true;
        start.WorkingDirectory = "/";
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin";
        return Process.Start(start);
    }

    private bool TellFence()
    {
        var (from, after) = fence!.Value;
        var left = after - time.GetElapsedTime(from);
        var hundredths = (long)Math.Ceiling((left > ShortestFence ? left : ShortestFence).TotalMilliseconds / 10);
        return Tell(string.Create(CultureInfo.InvariantCulture, $"fence {hundredths}"));
    }

    /// <returns>Whether there is a guard to tell it to.</returns>
    private bool Tell(string line)
    {
        if (shell is not { HasExited: false })
            return false;

        try
        {
            // In one write, so that a line is never cut.
            shell.StandardInput.Write(line + "\n");
            shell.StandardInput.Flush();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
