using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Dispatch;

/// <summary>
/// When what was handed out and has not started is looked at again, and the recall of what is better off elsewhere: now and then, at once when
/// capacity became free that nothing waits for, and when an operator asks.
/// </summary>
internal sealed partial class Rebalancer(TestRunEvents events, IOptions<SchedulerOptions> options, ILogger<Rebalancer> logger)
{
    /// <summary>Recalled in one pass: the rest may find room where these leave some.</summary>
    public const int MovesAtOnce = 100;

    /// <summary>However much happens, looking more often is not worth the time.</summary>
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(200);

    private DateTimeOffset lookedAt;
    private bool capacityCame;

    /// <summary>A worker joined or changed, or something was given back.</summary>
    public void CapacityCame() => capacityCame = true;

    /// <param name="now">The caller's time.</param>
    /// <param name="waiting">What waits would take what is free.</param>
    public bool IsDue(DateTimeOffset now, int waiting)
    {
        var interval = options.Value.RebalanceInterval;
        var passed = now - lookedAt;
        if (interval == TimeSpan.Zero || (passed < interval && !(capacityCame && waiting == 0 && passed >= LeastPause)))
            return false;

        (lookedAt, capacityCame) = (now, false);
        return true;
    }

    /// <returns>What is recalled: some may have started or ended meanwhile.</returns>
    public async Task<IReadOnlyList<MoveView>> RecallAsync(IReadOnlyList<Move> moves, CancellationToken cancellationToken)
    {
        var recalled = await Task.WhenAll(moves.Select(move => RecallAsync(move, cancellationToken)).ToList());
        return [.. recalled.OfType<MoveView>()];
    }

    private async Task<MoveView?> RecallAsync(Move move, CancellationToken cancellationToken)
    {
        var (runId, attempt) = (move.Attempt.RunId, move.Attempt.Attempt);
        try
        {
            var reply = await events.RaiseAsync(new MoveProposed(runId, attempt, move.Reason), cancellationToken);
            return reply.Applied ? new MoveView(runId, attempt, move.From, move.To, move.Gain.TotalSeconds, move.Reason) : null;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotRecalled(runId, exception.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "That run {RunId} is to be recalled could not be stored: {Problem}")]
    private partial void LogNotRecalled(Guid runId, string problem);
}
