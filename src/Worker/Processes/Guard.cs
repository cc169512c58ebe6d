using System.Diagnostics;
using System.Globalization;

namespace LoadBalancer.Worker.Processes;

/// <summary>
/// A small shell that knows the process groups of all running children. It reads their numbers from a pipe that only the worker holds open:
/// however the worker dies, the pipe closes and the shell kills the groups and whatever else carries the worker's mark.
/// A guard that was killed is replaced at the next registration.
/// </summary>
internal sealed class Guard(ProcessMark mark) : IDisposable
{
    // Twice, because a child may fork while its group is being killed.
    private const string Script = """
        exec >/dev/null 2>&1
        trap '' HUP INT TERM
        groups=' '
        while read -r verb group; do
            case $verb in
                add) groups="$groups$group " ;;
                del) case $groups in *" $group "*) groups="${groups%% $group *} ${groups#* $group }" ;; esac ;;
            esac
        done
        for round in 1 2; do
            for group in $groups; do kill -s KILL -- "-$group"; done
            for file in $(grep -lF -- "$1" /proc/[0-9]*/environ); do
                id=${file#/proc/}
                kill -s KILL "${id%/environ}"
            done
            sleep 0.1
        done
        """;

    private readonly Lock gate = new();
    private readonly HashSet<int> groups = [];
    private Process? shell;

    /// <summary>The shell's process id; for tests and diagnostics.</summary>
    public int? ProcessId => shell?.Id;

    /// <summary>Hands a group over. When this returns, the group dies with the worker.</summary>
    public void Add(int group)
    {
        lock (gate)
        {
            groups.Add(group);
            if (shell is { HasExited: false } && TryTell("add", group))
                return;

            Replace();
        }
    }

    /// <summary>Takes back a group of which nothing is left.</summary>
    public void Remove(int group)
    {
        lock (gate)
        {
            groups.Remove(group);
            if (shell is { HasExited: false })
                TryTell("del", group);
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

    private void Replace()
    {
        shell?.Dispose();
        shell = Start();
        foreach (var group in groups)
        {
            if (!TryTell("add", group))
                throw new InvalidOperationException("the guard process ended at once; nothing is started without one");
        }
    }

    private Process Start()
    {
        var start = Shell.InOwnSession(Script, "lb-guard", $"{ProcessMark.Variable}={mark.Value}");
        start.RedirectStandardInput = true;
        start.WorkingDirectory = "/";
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin";
        return Process.Start(start) ?? throw new InvalidOperationException("the guard process did not start");
    }

    private bool TryTell(string verb, int group)
    {
        try
        {
            shell!.StandardInput.Write(string.Create(CultureInfo.InvariantCulture, $"{verb} {group}\n"));
            shell.StandardInput.Flush();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
