using LoadBalancer.Contracts;
using LoadBalancer.Worker.Reporting;

namespace LoadBalancer.Worker.Sessions;

/// <summary>
/// One session: registers, consumes the worker's queues once it is accepted, and ends when the worker is shut down or the scheduler no
/// longer answers for it. When it has ended, nothing it started is left, and it starts nothing more.
/// </summary>
internal sealed class WorkerSession : IDisposable
{
    private static readonly TimeSpan EndMargin = TimeSpan.FromSeconds(10);

    private readonly WorkerEquipment worker;
    private readonly Guid id = Guid.NewGuid();
    private readonly AttemptLedger ledger = new();
    private readonly CancellationTokenSource lost = new();
    private readonly Registration registration;
    private readonly Lease lease;
    private readonly SessionReports reports;
    private readonly Heartbeats heartbeats;
    private readonly TestRunner runner;
    private volatile bool isAccepted;
    private string endReason = "";

    public WorkerSession(WorkerEquipment worker)
    {
        this.worker = worker;
        registration = new Registration(id, worker);
        lease = new Lease(worker.Options.KillGrace, worker.Time, worker.Guard.Fence);
        reports = new SessionReports(id, worker.Reporter, worker.Results, worker.Logger);
        heartbeats = new Heartbeats(id, worker.Options, worker.Endpoints, ledger, lease, reports, worker.Time, worker.Logger);
        runner = new TestRunner(id, worker.Options.Slots, ledger, lease, worker.Executors, reports, worker.Logger);
    }

    public async Task RunAsync(CancellationToken shutdown)
    {
        await using var answers = await worker.Endpoints.ListenForAnswersAsync(id, Hear, shutdown);
        if (await registration.RunAsync(shutdown) is not { } answer)
            return;

        worker.Directory.WriteSession(id);
        isAccepted = true;
        lease.Renew(registration.AskedAt, TimeSpan.FromSeconds(answer.LeaseSeconds));

        using var ended = new CancellationTokenSource();
        var watch = WatchLeaseAsync(TimeSpan.FromSeconds(answer.LeaseSeconds), ended.Token);
        try
        {
            await RunAcceptedAsync(answer, shutdown);
        }
        finally
        {
            // What could not be ended is left to the guard.
            if (ledger.AllEnded().IsCompleted)
                worker.Guard.LiftFence();
            await ended.CancelAsync();
            await watch;
        }
    }

    public void Dispose() => lost.Dispose();

    private async Task RunAcceptedAsync(WorkerAccepted answer, CancellationToken shutdown)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(shutdown, lost.Token);
        using var silent = new CancellationTokenSource();
        await using var commands = await worker.Endpoints.ListenForCommandsAsync(Hear, over.Token);
        var beating = heartbeats.RunAsync(silent.Token);
        ConnectedEndpoint? assignments = null;
        try
        {
            // Answers that took longer than the lease itself leave nothing of it; the first heartbeat brings a new one.
            await lease.BecameLive.WaitAsync(over.Token);
            assignments = await worker.Endpoints.TakeAssignmentsAsync(runner.TakeAsync, over.Token);
            worker.Logger.SessionAccepted(worker.Options.Id, id, worker.Options.Slots, worker.Capabilities.Class, answer.LeaseSeconds);
            await Task.Delay(Timeout.InfiniteTimeSpan, worker.Time, over.Token);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The ways in which a session ends.
        }
        finally
        {
            await EndAsync(assignments, shutdown);
            await silent.CancelAsync();
            await beating.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task EndAsync(ConnectedEndpoint? assignments, CancellationToken shutdown)
    {
        var leaving = shutdown.IsCancellationRequested && !lost.IsCancellationRequested;
        var held = ledger.Close();
        if (leaving)
        {
            worker.Logger.Draining(worker.Options.Id, "it is asked to end");
            // Before anything comes back: until the scheduler knows, it hands the same run out again, and again.
            await heartbeats.BeatAsync(CancellationToken.None);
        }

        GiveBack(held);
        if (leaving && worker.Options.OnShutdown is ShutdownMode.Finish)
            await AllEndedAsync(worker.Options.ShutdownTimeout, lost.Token);

        ledger.StopAll(leaving ? "the worker was shut down" : endReason);
        var clean = await AllEndedAsync(worker.Options.KillGrace + EndMargin, CancellationToken.None);
        if (assignments is not null)
            await assignments.DisposeAsync();

        if (!clean)
            worker.Logger.TestsLeft(worker.Options.Id, id);
        if (!leaving)
            worker.Logger.SessionLost(worker.Options.Id, id, endReason);
        else if (clean)
            await SayGoodbyeAsync();
    }

    private async Task SayGoodbyeAsync()
    {
        reports.Say(new WorkerLeft { Reason = "the worker was shut down" });
        using var limit = new CancellationTokenSource(EndMargin, worker.Time);
        await worker.Reporter.FlushAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        worker.Logger.WorkerLeft(worker.Options.Id, id);
    }

    /// <returns>Whether all ended within the limit.</returns>
    private async Task<bool> AllEndedAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var all = ledger.AllEnded();
        await all.WaitAsync(limit, worker.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return all.IsCompleted;
    }

    private async Task WatchLeaseAsync(TimeSpan granted, CancellationToken ended)
    {
        var acceptedAt = worker.Time.GetTimestamp();
        while (!ended.IsCancellationRequested)
        {
            var sinceAccepted = granted - worker.Options.KillGrace - worker.Time.GetElapsedTime(acceptedAt);
            var left = lease.BecameLive.IsCompleted ? lease.Remaining : sinceAccepted;
            if (left <= TimeSpan.Zero)
            {
                Lose($"the scheduler has not answered for almost {granted.TotalSeconds:0} s, the length of the lease");
                worker.Directory.WriteFenced(id);
                return;
            }

            await Task.Delay(left, worker.Time, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Lose(string reason)
    {
        endReason = reason;
        // Before anything else: what waits for the broker may take long.
        ledger.Close();
        ledger.StopAll(reason);
        lost.Cancel();
    }

    private void Hear(WorkerCommand command)
    {
        if (command.SessionId != id)
            return;

        switch (command)
        {
            case WorkerAccepted accepted when worker.Epoch.Admits(accepted.Epoch):
                registration.Accept(accepted);
                break;
            case WorkerRefused refused when isAccepted:
                Lose($"the scheduler no longer knows the session: {refused.Reason}");
                break;
            case WorkerRefused refused:
                registration.Refuse(refused);
                break;
            case HeartbeatAnswered answered when worker.Epoch.Admits(answered.Epoch):
                heartbeats.Answered(answered);
                foreach (var attempt in answered.Stop)
                    Stop(attempt, "the attempt is no longer assigned to this worker");
                break;
            case StopTest stop:
                Stop(new RunAttempt(stop.RunId, stop.Attempt), stop.Reason.Length > 0 ? stop.Reason : "stopped on request");
                break;
            case RecallTest recall:
                Recall(new RunAttempt(recall.RunId, recall.Attempt));
                break;
            case DrainWorker drain:
                worker.Logger.Draining(worker.Options.Id, drain.Reason);
                GiveBack(ledger.Drain());
                break;
            case ResumeWorker:
                ledger.Resume();
                break;
        }
    }

    private void Recall(RunAttempt attempt)
    {
        var started = ledger.Recall(attempt) || worker.Results.Find(attempt) is not null;
        reports.Say(new TestRecalled { RunId = attempt.RunId, Attempt = attempt.Attempt, Started = started });
    }

    private void Stop(RunAttempt attempt, string reason)
    {
        switch (ledger.Stop(attempt, reason))
        {
            case StopAnswer.NeverStarted:
                reports.Say(new TestRecalled { RunId = attempt.RunId, Attempt = attempt.Attempt, Started = false });
                break;
            case StopAnswer.Over:
                reports.Repeat(attempt);
                break;
        }
    }

    private void GiveBack(IReadOnlyList<RunAttempt> attempts)
    {
        foreach (var attempt in attempts)
            reports.Say(new TestRecalled { RunId = attempt.RunId, Attempt = attempt.Attempt, Started = false });
    }
}
