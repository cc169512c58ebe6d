using LoadBalancer.Contracts;

namespace LoadBalancer.Simulation.Tests.Actors;

/// <summary>Says what happened in order, one message at a time, each until the broker took it; and results until they are confirmed.</summary>
internal sealed class WorkerReports(WorkerMachine machine, World world)
{
    private readonly Queue<(Guid SessionId, Report Report)> ready = new();
    private readonly Dictionary<RunAttempt, TimeSpan> saidAt = [];
    private bool isSending;

    public void Say(Guid sessionId, Report report)
    {
        ready.Enqueue((sessionId, report));
        SendNext();
    }

    /// <summary>On disk before it is said.</summary>
    public void Finish(Guid sessionId, TestFinished finished)
    {
        var attempt = new RunAttempt(finished.RunId, finished.Attempt);
        machine.Disk.Results[attempt] = (sessionId, finished);
        saidAt[attempt] = world.Time.Elapsed;
        Say(sessionId, finished);
    }

    public void Repeat(RunAttempt attempt)
    {
        if (machine.Disk.Results.TryGetValue(attempt, out var result))
            Say(result.SessionId, result.Finished);
    }

    public void RepeatOverdue(TimeSpan patience)
    {
        foreach (var (attempt, result) in machine.Disk.Results.ToList())
        {
            if (saidAt.TryGetValue(attempt, out var said) && world.Time.Elapsed - said < patience)
                continue;

            saidAt[attempt] = world.Time.Elapsed;
            Say(result.SessionId, result.Finished);
        }
    }

    private void SendNext()
    {
        if (isSending || !ready.TryPeek(out var first))
            return;

        isSending = true;
        var batch = new List<Report>();
        while (ready.TryPeek(out var next) && next.SessionId == first.SessionId)
            batch.Add(ready.Dequeue().Report);
        SendUntilTaken(new WorkerReport { WorkerId = machine.Name, SessionId = first.SessionId, Reports = batch });
    }

    private void SendUntilTaken(WorkerReport report) => world.Network.Send(machine, Names.WorkerEvents, report, sent =>
    {
        if (sent is Sent.Confirmed)
        {
            isSending = false;
            SendNext();
        }
        else
        {
            machine.After(world.Chance.Seconds(0.2, 5), () => SendUntilTaken(report));
        }
    });
}
