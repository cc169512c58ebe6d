using System.Collections.Concurrent;
using LoadBalancer.Contracts;
using LoadBalancer.Worker.Sessions;
using MassTransit;

namespace LoadBalancer.Worker.Tests.Sessions;

/// <summary>The scheduler's side of the bus as a test scripts it, on an in-memory bus of its own.</summary>
internal sealed class ScriptedScheduler : IAsyncDisposable
{
    private readonly IBusControl bus;

    private ScriptedScheduler() =>
        bus = MassTransit.Bus.Factory.CreateUsingInMemory(memory =>
        {
            WorkerEndpoints.ConfigureJson(memory);
            memory.ReceiveEndpoint(Names.WorkerEvents, endpoint => Consume<WorkerReport>(endpoint, HearAsync));
            memory.ReceiveEndpoint(Names.WorkerHeartbeats, endpoint => Consume<WorkerHeartbeat>(endpoint, HearAsync));
        });

    public IBus Bus => bus;

    public ConcurrentQueue<(Guid Session, Report Report)> Reports { get; } = new();

    public ConcurrentQueue<WorkerHeartbeat> Heartbeats { get; } = new();

    public long Epoch { get; set; } = 1;

    public double LeaseSeconds { get; set; } = 45;

    /// <summary>A reason to refuse registrations, or null to accept them.</summary>
    public string? Refusal { get; set; }

    /// <summary>A session that it says has ended when it asks.</summary>
    public Guid? EndedSession { get; set; }

    public bool AnswersHeartbeats { get; set; } = true;

    /// <summary>Whether answers name the results that heartbeats list.</summary>
    public bool StoresResults { get; set; } = true;

    public static async Task<ScriptedScheduler> StartAsync()
    {
        var scheduler = new ScriptedScheduler();
        await scheduler.bus.StartAsync(TestContext.Current.CancellationToken);
        return scheduler;
    }

    public IEnumerable<TReport> All<TReport>() where TReport : Report => Reports.Select(entry => entry.Report).OfType<TReport>();

    public IEnumerable<Guid> SessionsRegistered => Reports.Where(entry => entry.Report is WorkerRegistered).Select(entry => entry.Session).Distinct();

    public async Task AssignAsync(RunTest run, string workerId)
    {
        var assignments = await bus.GetSendEndpoint(new Uri($"exchange:{Names.Assignments}?type=direct"));
        await assignments.Send(run, context => context.SetRoutingKey(workerId), TestContext.Current.CancellationToken);
    }

    public async Task CommandAsync(WorkerCommand command, string workerId)
    {
        var control = await bus.GetSendEndpoint(new Uri($"exchange:{Names.WorkerControl(workerId)}"));
        await control.Send(command, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync() => await bus.StopAsync(CancellationToken.None);

    private static void Consume<T>(IReceiveEndpointConfigurator endpoint, Func<T, Task> hear) where T : class
    {
        endpoint.ConfigureConsumeTopology = false;
        endpoint.ConcurrentMessageLimit = 1;
        endpoint.UseRawJsonDeserializer(RawSerializerOptions.AnyMessageType, isDefault: true);
        endpoint.Handler<T>(context => hear(context.Message));
    }

    private async Task HearAsync(WorkerReport message)
    {
        foreach (var report in message.Reports)
        {
            Reports.Enqueue((message.SessionId, report));
            if (report is WorkerRegistered registered)
                await AnswerAsync(registered, message.SessionId);
        }
    }

    private async Task AnswerAsync(WorkerRegistered registered, Guid session)
    {
        WorkerCommand answer = (Refusal ?? (EndedSession == session ? "it has ended" : null)) is { } reason
            ? new WorkerRefused { SessionId = session, Reason = reason, SessionEnded = EndedSession == session }
            : new WorkerAccepted { SessionId = session, Epoch = Epoch, LeaseSeconds = LeaseSeconds };
        var reply = await bus.GetSendEndpoint(new Uri($"exchange:{registered.ReplyTo}?durable=false&autodelete=true"));
        await reply.Send(answer);
    }

    private async Task HearAsync(WorkerHeartbeat heartbeat)
    {
        Heartbeats.Enqueue(heartbeat);
        if (!AnswersHeartbeats)
            return;

        await CommandAsync(
            new HeartbeatAnswered
            {
                SessionId = heartbeat.SessionId,
                Sequence = heartbeat.Sequence,
                Epoch = Epoch,
                LeaseSeconds = LeaseSeconds,
                StoredResults = StoresResults ? heartbeat.Unconfirmed : [],
            },
            heartbeat.WorkerId);
    }
}
