using System.Diagnostics;

namespace LoadBalancer.Worker.Processes;

/// <summary>What to start: a resolved executable and literal arguments.</summary>
internal sealed record ProcessCommand(
    string Executable, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string WorkingDirectory);

/// <summary>
/// A running child in a process group of its own. It begins as a shell that waits at a gate: it says that its group exists, then waits for
/// permission, and ends if its standard input closes instead. Permission is given only when the guard knows the group, so at no moment
/// does something run that would outlive the worker.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    // Where memory runs out, the kernel takes a test before anything else: not the worker, nor its guard. Everybody may offer himself.
    private const string Gate = """
        { echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null
        echo && read -r go && exec "$@" </dev/null 2>&1
        """;

    private static readonly TimeSpan GateLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(2);

    private readonly Process process;
    private readonly Guard guard;
    private readonly ProcessMark mark;
    private readonly TimeProvider time;
    private Task drained = Task.CompletedTask;

    private ChildProcess(Process process, Guard guard, ProcessMark mark, TimeProvider time)
    {
        (this.process, this.guard, this.mark, this.time) = (process, guard, mark, time);
        Id = process.Id;
    }

    public int Id { get; }

    public BoundedOutput Output { get; } = new();

    /// <summary>128 + n when the child was ended by signal n.</summary>
    public int ExitCode => process.ExitCode;

    /// <exception cref="System.ComponentModel.Win32Exception">The operating system refused: the arguments are too long.</exception>
    /// <exception cref="InvalidOperationException">The child ended before it was let through the gate.</exception>
    public static async Task<ChildProcess> StartAsync(ProcessCommand command, Guard guard, ProcessMark workerMark, TimeProvider time)
    {
        var mark = workerMark.ForChild();
        var process = Process.Start(Gated(command, mark)) ?? throw new InvalidOperationException("the process did not start");
        var child = new ChildProcess(process, guard, mark, time);
        try
        {
            await child.PassGateAsync();
            return child;
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    public Task ExitedAsync(CancellationToken cancellationToken) => process.WaitForExitAsync(cancellationToken);

    /// <summary>Asks the whole group to end, waits for <paramref name="grace"/>, then kills it.</summary>
    public async Task EndAsync(TimeSpan grace)
    {
        if (Shell.HasSessions)
            Signals.Send(-Id, Signals.Terminate);
        else
            Signals.Send(Id, Signals.Terminate);

        using var limit = new CancellationTokenSource(grace, time);
        await ExitedAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        KillTree();
        await ExitedAsync(CancellationToken.None);
    }

    /// <summary>Kills whatever the child left behind and waits for the rest of its output.</summary>
    public async Task SweepAsync()
    {
        KillTree();
        await drained.WaitAsync(DrainLimit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await SweepAsync();
        guard.Remove(Id);
        process.Dispose();
    }

    internal static ProcessStartInfo Gated(ProcessCommand command, ProcessMark mark)
    {
        var start = Shell.InOwnSession(Gate, "lb-gate", [command.Executable, .. command.Arguments]);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.WorkingDirectory = command.WorkingDirectory;
        start.Environment.Clear();
        foreach (var (name, value) in command.Environment)
            start.Environment[name] = value;
        start.Environment[ProcessMark.Variable] = mark.Value;
        return start;
    }

    private async Task PassGateAsync()
    {
        var output = process.StandardOutput.BaseStream;
        var ready = new byte[1];
        if (await output.ReadAsync(ready).AsTask().WaitAsync(GateLimit, time) == 0)
            throw new InvalidOperationException("the shell that starts the process ended at once");

        guard.Add(Id, mark);
        await process.StandardInput.WriteAsync("go\n");
        process.StandardInput.Close();

        // A thread of its own: reads from a pipe block, and a pool thread for each running test would starve the pool.
        drained = Task.Factory.StartNew(
            () => Drain(output), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private void Drain(Stream output)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            for (var length = output.Read(buffer); length > 0; length = output.Read(buffer))
                Output.Append(buffer.AsSpan(0, length));
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            // Given up after the drain limit: a descendant that escaped still holds the pipe.
        }
    }

    private void KillTree()
    {
        if (Shell.HasSessions)
            Signals.Send(-Id, Signals.Kill);
        else if (!process.HasExited)
            process.Kill(entireProcessTree: true);

        mark.KillBearers();
    }
}
