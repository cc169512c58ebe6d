using System.Threading.Channels;
using LoadBalancer.Cli.Api;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Watching;

/// <summary>
/// Keeps a board up to date: changes as the scheduler streams them, and lists beside them, so that a lost event delays but never hangs.
/// </summary>
internal sealed class RunWatcher(
    SchedulerClient client, RunBoard board, IReadOnlyList<RunQuery> queries, IProgressView view, TimeProvider time)
{
    /// <summary>Between lists while the stream is connected.</summary>
    private static readonly TimeSpan PollPause = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan PollPauseWithoutStream = TimeSpan.FromSeconds(1);

    /// <summary>A list that took long is followed by a pause this many times as long.</summary>
    private const int PollShare = 10;

    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a scheduler may be away (a restart, a takeover) before watching is given up.</summary>
    private static readonly TimeSpan LongestAbsence = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan LongestListenWait = TimeSpan.FromSeconds(3);

    /// <summary>Runs that no list shows and that are asked for one by one, at a time.</summary>
    private const int MaxSingleLookups = 50;

    /// <summary>Null marks a tick.</summary>
    private readonly Channel<TestRunChange?> changes = Channel.CreateUnbounded<TestRunChange?>();

    /// <summary>The stream filters by one suite or not at all.</summary>
    private readonly ChangeStream stream = new(client, queries is [{ Suite: { } suite }] ? suite : null, time);

    private long pollDueAt = time.GetTimestamp();
    private long answeredAt = time.GetTimestamp();
    private bool away;

    /// <summary>Called for every run that is in another state, at another attempt or on another worker.</summary>
    public Action<RunSummary>? OnNews { get; init; }

    /// <summary>Called after some news, before the next wait.</summary>
    public Func<Task>? AfterNews { get; init; }

    /// <summary>
    /// What is done once the stream listens, such as publishing to a broker: the refusal of a submission is an event and nothing else.
    /// </summary>
    public Func<CancellationToken, Task>? WhenListening { get; init; }

    /// <summary>Returns when every run of the board has ended; with <paramref name="endless"/> only by cancellation.</summary>
    /// <exception cref="LbException">The scheduler stayed unreachable, or refused to answer.</exception>
    public Task Follow(bool endless, CancellationToken cancel) => view.While(async () =>
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] pumps = [stream.Pump(changes.Writer, stop.Token), Tick(stop.Token)];
        try
        {
            if (WhenListening is not null)
            {
                await Task.WhenAny(stream.Listening, Task.Delay(LongestListenWait, time, stop.Token));
                await WhenListening(cancel);
            }

            await Loop(pumps, endless, cancel);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(pumps).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    });

    private async Task Loop(Task[] pumps, bool endless, CancellationToken cancel)
    {
        while (true)
        {
            var news = ApplyChanges();
            // The stream alone does not end a watch: the list that follows also brings the times of the result.
            if (time.GetTimestamp() >= pollDueAt || (news && board.Ended && !endless))
            {
                var (answered, found) = await Poll(cancel);
                news |= found;
                if (answered && board.Ended && !endless) return;
            }

            if (news && AfterNews is not null) await AfterNews();
            view.Tick(board);
            if (pumps.FirstOrDefault(pump => pump.IsFaulted) is { } faulted) await faulted;
            await changes.Reader.WaitToReadAsync(cancel);
        }
    }

    private bool ApplyChanges()
    {
        var news = false;
        while (changes.Reader.TryRead(out var change))
        {
            if (change is null || !board.Apply(change)) continue;
            Tell(board[change.RunId]);
            news = true;
        }

        return news;
    }

    private async Task<(bool Answered, bool News)> Poll(CancellationToken cancel)
    {
        var began = time.GetTimestamp();
        try
        {
            var news = await ApplyLists(cancel);
            if (away) view.Say("the scheduler answers again");
            away = false;
            answeredAt = time.GetTimestamp();
            return (true, news);
        }
        catch (LbException e) when (e.ExitCode == ExitCode.Unreachable && time.GetElapsedTime(answeredAt) < LongestAbsence)
        {
            if (!away) view.Say($"{e.Message} Trying again for {LongestAbsence.TotalMinutes:0} minutes.");
            away = true;
            return (false, false);
        }
        finally
        {
            var pause = stream.Connected ? PollPause : PollPauseWithoutStream;
            var share = time.GetElapsedTime(began) * PollShare;
            pollDueAt = time.GetTimestamp() + (long)((share > pause ? share : pause).TotalSeconds * time.TimestampFrequency);
        }
    }

    private async Task<bool> ApplyLists(CancellationToken cancel)
    {
        var news = false;
        var listed = new HashSet<Guid>();
        foreach (var query in queries)
        {
            await foreach (var run in client.Runs(query, cancel))
            {
                listed.Add(run.RunId);
                news |= Apply(run);
            }
        }

        foreach (var missing in board.Unended.Where(run => !listed.Contains(run.RunId)).Take(MaxSingleLookups).ToList())
            if (await client.FindRun(missing.RunId, cancel) is { } run) news |= Apply(run);
        return news;
    }

    private bool Apply(RunSummary run)
    {
        if (!board.Apply(run)) return false;
        Tell(run);
        return true;
    }

    private void Tell(RunSummary run)
    {
        OnNews?.Invoke(run);
        view.Changed(run, board);
    }

    private async Task Tick(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(TickInterval, time);
        while (await timer.WaitForNextTickAsync(cancel)) changes.Writer.TryWrite(null);
    }
}
