using LoadBalancer.Contracts;

namespace LoadBalancer.Worker.Sessions;

/// <summary>
/// Asks for a session to be accepted, again and again until it is: the scheduler may not be there yet, or the lease of an earlier session
/// with the same id may still live.
/// </summary>
internal sealed class Registration(Guid sessionId, WorkerEquipment worker)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource<WorkerAccepted?> accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? refusal;

    /// <summary>When the first request was made: an answer may be to any of them, so the granted lease is counted from here.</summary>
    public long AskedAt { get; private set; }

    /// <returns>
    /// Null when the session had been accepted before without this worker's knowledge, and has ended since, or when the answer may go unheard.
    /// </returns>
    public async Task<WorkerAccepted?> RunAsync(CancellationToken cancellationToken)
    {
        var request = new WorkerRegistered
        {
            Capabilities = worker.Capabilities,
            Slots = worker.Options.Slots,
            PreviousSessionId = worker.Directory.PreviousSession,
            AskedSessionIds = worker.Directory.AskedSessions,
            PreviousSessionFenced = worker.Directory.PreviousSessionFenced,
            Version = WorkerVersion.Text,
            ReplyTo = Names.WorkerReply(worker.Options.Id, sessionId),
        };
        var refusals = worker.Refusals();
        worker.Directory.WriteAsked(sessionId);
        AskedAt = worker.Time.GetTimestamp();
        for (var pause = FirstPause; !accepted.Task.IsCompleted; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            worker.Reporter.Say(sessionId, request);
            await worker.Reporter.FlushAsync(cancellationToken);
            await Task.WhenAny(accepted.Task, Task.Delay(pause, worker.Time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            if (worker.Refusals() != refusals)
                return null;
        }

        return await accepted.Task;
    }

    public void Accept(WorkerAccepted answer) => accepted.TrySetResult(answer);

    public void Refuse(WorkerRefused answer)
    {
        if (answer.SessionEnded)
            accepted.TrySetResult(null);
        if (answer.Reason == refusal)
            return;

        refusal = answer.Reason;
        worker.Logger.RegistrationRefused(worker.Options.Id, answer.Reason);
    }
}
