using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Bus;
using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>Unpacks what a worker reports: its own life goes to the fleet, what concerns a run becomes an event of that run.</summary>
internal sealed partial class WorkerReportConsumer(
    WorkerFleet fleet,
    WorkerBindings bindings,
    IBrokerTopology topology,
    MessageSender sender,
    TestRunEvents events,
    ReportOrder order,
    SchedulerEpoch epoch,
    IOptions<SchedulerOptions> options,
    ILogger<WorkerReportConsumer> logger) : IConsumer<UnreadMessage>
{
    /// <summary>Where one entry cannot be read or stored, the others are all the same; the message is then kept with the reason.</summary>
    public async Task Consume(ConsumeContext<UnreadMessage> context)
    {
        var (report, problems) = ReportReader.Read(context.ReceiveContext.Body.GetBytes());
        await Task.WhenAll(Joined(report.Reports).Select(entry => HearAsync(report, entry.Report, entry.TellsOfStart, context.CancellationToken)).ToList());
        if (problems.Count > 0)
            throw new UnreadableReportException(string.Join("; ", problems));
    }

    /// <summary>A test that began and ended since the last message is one change of its run, not two.</summary>
    private static IEnumerable<(Report Report, bool TellsOfStart)> Joined(IReadOnlyList<Report> reports)
    {
        var ended = reports.OfType<TestFinished>().Select(finished => (finished.RunId, finished.Attempt)).ToHashSet();
        var begun = reports.OfType<TestStarted>().Select(started => (started.RunId, started.Attempt)).Where(ended.Contains).ToHashSet();
        return reports
            .Where(report => report is not TestStarted started || !begun.Contains((started.RunId, started.Attempt)))
            .Select(report => (report, report is TestFinished finished && begun.Contains((finished.RunId, finished.Attempt))));
    }

    private Task HearAsync(WorkerReport report, Report entry, bool tellsOfStart, CancellationToken cancellationToken) => entry switch
    {
        WorkerRegistered registered => order.OfWorkerAsync(report.WorkerId, () => RegisterAsync(report, registered, cancellationToken)),
        WorkerLeft left => order.OfWorkerAsync(report.WorkerId, () => LeaveAsync(report, left, cancellationToken)),
        TestStarted started => order.OfRunAsync(report.WorkerId, started.RunId, () => RaiseAsync(report, started, tellsOfStart, cancellationToken)),
        TestFinished finished => order.OfRunAsync(report.WorkerId, finished.RunId, () => RaiseAsync(report, finished, tellsOfStart, cancellationToken)),
        TestRecalled recalled => order.OfRunAsync(report.WorkerId, recalled.RunId, () => RaiseAsync(report, recalled, tellsOfStart, cancellationToken)),
        // Progress changes no run, and entries of a newer version are not understood yet.
        _ => Task.CompletedTask,
    };

    private async Task LeaveAsync(WorkerReport report, WorkerLeft left, CancellationToken cancellationToken)
    {
        LogLeft(report.WorkerId, left.Reason);
        await fleet.LeaveAsync(report.WorkerId, report.SessionId, cancellationToken);
    }

    private async Task RegisterAsync(WorkerReport report, WorkerRegistered registration, CancellationToken cancellationToken)
    {
        var refusal = await RefusalAsync(report, registration, cancellationToken);
        WorkerCommand answer = refusal is null
            ? new WorkerAccepted { SessionId = report.SessionId, Epoch = epoch.Value, LeaseSeconds = options.Value.LeaseDuration.TotalSeconds }
            : refusal;
        if (refusal is null)
        {
            bindings.Restored(report.WorkerId, report.SessionId);
            LogAccepted(report.WorkerId, report.SessionId, registration.Slots, registration.Capabilities.Class);
        }
        else
        {
            LogRefused(report.WorkerId, report.SessionId, refusal.Reason);
        }

        if (registration.ReplyTo == Names.WorkerReply(report.WorkerId, report.SessionId))
            await sender.AnswerAsync(registration.ReplyTo, answer, cancellationToken);
        else
            LogNoAnswer(report.WorkerId, registration.ReplyTo, Names.WorkerReply(report.WorkerId, report.SessionId));
    }

    private async Task<WorkerRefused?> RefusalAsync(WorkerReport report, WorkerRegistered registration, CancellationToken cancellationToken)
    {
        var problem = WorkerIds.Problem(report.WorkerId) ?? ReportRules.Problem(registration);
        // Bound before it is accepted: the first assignment may follow within a millisecond.
        problem ??= await ProblemOfQueueAsync(report.WorkerId, cancellationToken);
        return problem is null
            ? await fleet.RegisterAsync(report.WorkerId, report.SessionId, registration, cancellationToken)
            : new WorkerRefused { SessionId = report.SessionId, Reason = problem };
    }

    private async Task<string?> ProblemOfQueueAsync(string workerId, CancellationToken cancellationToken)
    {
        try
        {
            await topology.DeclareWorkerAsync(workerId, cancellationToken);
            return null;
        }
        catch (TopologyRefusedException refused)
        {
            return $"the worker's queue cannot be declared: {refused.Message}";
        }
    }

    private async Task RaiseAsync(WorkerReport report, Report entry, bool tellsOfStart, CancellationToken cancellationToken)
    {
        AttemptOwner By(int attempt) => new(attempt, report.WorkerId, report.SessionId);
        var reply = entry switch
        {
            TestStarted started => await events.RaiseAsync(new AttemptStarted(started.RunId, By(started.Attempt)), cancellationToken),
            TestFinished finished => await events.RaiseAsync(
                new AttemptFinished(finished.RunId, By(finished.Attempt), ReportRules.Measured(finished)) { TellsOfStart = tellsOfStart }, cancellationToken),
            TestRecalled recalled => await events.RaiseAsync(new RunRecalled(recalled.RunId, By(recalled.Attempt), recalled.Started), cancellationToken),
            _ => null,
        };
        if (reply is { Applied: false })
            LogNotApplied(entry.GetType().Name, report.WorkerId, reply.Reason);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {WorkerId} registered, session {SessionId}, {Slots} slots, class '{Class}'")]
    private partial void LogAccepted(string workerId, Guid sessionId, int slots, string @class);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {WorkerId}, session {SessionId}, was refused: {Reason}")]
    private partial void LogRefused(string workerId, Guid sessionId, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {WorkerId} wants its answer on '{ReplyTo}'; only '{Expected}' is answered")]
    private partial void LogNoAnswer(string workerId, string replyTo, string expected);

    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {WorkerId} left: {Reason}")]
    private partial void LogLeft(string workerId, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Report} of worker {WorkerId} changed nothing: {Reason}")]
    private partial void LogNotApplied(string report, string workerId, string reason);
}
