namespace LoadBalancer.Worker.Processes;

internal enum ProcessEnding
{
    Exited,
    TimedOut,
    Stopped,
}

/// <summary>How a child ended and what it used. <see cref="ExitCode"/> is 128 + n after signal n.</summary>
internal sealed record ProcessResult(
    ProcessEnding Ending, int ExitCode, TimeSpan Duration, double CpuSeconds, double PeakMemoryGb, string OutputHead, string OutputTail)
{
    /// <summary>What the kernel killed for want of memory meanwhile: of this child, or of one beside it.</summary>
    public long MemoryKills { get; init; }
}

/// <summary>Runs children to their end; when it returns, nothing of them is left.</summary>
internal sealed class ProcessRunner(Guard guard, ProcessMark mark, TimeSpan killGrace, TimeProvider time, MemoryKills memoryKills)
{
    // The longest time a timer accepts is about 49 days.
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(30);

    /// <param name="command">What to run.</param>
    /// <param name="timeout">After it the group gets TERM, and KILL after the grace.</param>
    /// <param name="stop">Ends the child in the same way.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">The operating system refused to start it.</exception>
    public async Task<ProcessResult> RunAsync(ProcessCommand command, TimeSpan timeout, CancellationToken stop)
    {
        var killedBefore = memoryKills.Count();
        await using var child = await ChildProcess.StartAsync(command, guard, mark, time);
        var started = time.GetTimestamp();
        using var ended = new CancellationTokenSource();
        var usage = new ProcessUsage(child.Id);
        var follow = usage.FollowAsync(time, ended.Token);

        var ending = await WaitAsync(child, timeout < LongestTimeout ? timeout : LongestTimeout, stop);
        var duration = time.GetElapsedTime(started);
        await ended.CancelAsync();
        await follow;
        await child.SweepAsync();
        return new ProcessResult(
            ending, child.ExitCode, duration, usage.CpuSeconds, usage.PeakMemoryGb, child.Output.Head, child.Output.Tail)
        {
            MemoryKills = memoryKills.Count() - killedBefore,
        };
    }

    private async Task<ProcessEnding> WaitAsync(ChildProcess child, TimeSpan timeout, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        try
        {
            await child.ExitedAsync(either.Token);
            return ProcessEnding.Exited;
        }
        catch (OperationCanceledException)
        {
            await child.EndAsync(killGrace);
            return stop.IsCancellationRequested ? ProcessEnding.Stopped : ProcessEnding.TimedOut;
        }
    }
}
