using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.Fleet;

namespace LoadBalancer.Scheduler.Api;

/// <summary>What an operator does to a worker. Answered after the commit.</summary>
internal static class WorkerCommands
{
    private const int LongestReason = 512;
    private static readonly TimeSpan LongestDeadline = TimeSpan.FromDays(30);

    public static async Task<IResult> DrainAsync(
        string workerId, string? reason, double? deadlineSeconds, WorkerDrain draining, CancellationToken cancellationToken)
    {
        if (deadlineSeconds is { } seconds && !(seconds >= 0 && seconds <= LongestDeadline.TotalSeconds))
            return BadRequests.Refuse("deadlineSeconds", $"{seconds}", $"is not from 0 to {LongestDeadline.TotalSeconds:0}");
        if (reason?.Length > LongestReason)
            return BadRequests.Refuse("reason", reason, $"has {reason.Length} characters; at most {LongestReason} are accepted");

        TimeSpan? deadline = deadlineSeconds is { } given ? TimeSpan.FromSeconds(given) : null;
        return Answer(workerId, await draining.DrainAsync(workerId, reason ?? "", deadline, cancellationToken));
    }

    public static async Task<IResult> ResumeAsync(string workerId, WorkerDrain draining, CancellationToken cancellationToken) =>
        Answer(workerId, await draining.ResumeAsync(workerId, cancellationToken));

    public static async Task<IResult> RebalanceAsync(Dispatcher dispatcher, CancellationToken cancellationToken) =>
        Results.Ok(new RebalanceAnswer(await dispatcher.RebalanceAsync(cancellationToken)));

    private static IResult Answer(string workerId, bool known) => known
        ? Results.Ok(new { workerId })
        : Results.Problem(statusCode: StatusCodes.Status404NotFound, title: "No such worker", detail: $"worker '{workerId}' is not registered");
}
