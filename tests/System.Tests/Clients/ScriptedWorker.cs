using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace LoadBalancer.System.Tests.Clients;

/// <summary>An attempt as a scripted worker received it.</summary>
internal sealed record ScriptedRun(Guid RunId, int Attempt, Guid SessionId, string TestId, long ReceivedAt);

/// <summary>
/// A worker in plain AMQP and JSON that does exactly what a test tells it: it registers, sends heartbeats, and takes runs without
/// running anything. So a test can repeat, reorder or withhold what a real worker would say.
/// </summary>
internal sealed class ScriptedWorker : IAsyncDisposable
{
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RegistrationInterval = TimeSpan.FromSeconds(30);

    private readonly RawClient client;
    private readonly TimeProvider time;
    private readonly Channel<ScriptedRun> received = Channel.CreateUnbounded<ScriptedRun>();
    private readonly CancellationTokenSource ended = new();
    private readonly Lock gate = new();
    private readonly AttemptLists attempts = new();
    private readonly List<JsonElement> commands = [];
    private readonly List<ScriptedRun> all = [];
    private IChannel? channel;
    private Task heartbeats = Task.CompletedTask;
    private (long Sequence, long Epoch) answered;

    private ScriptedWorker(RawClient client, string id, int slots, TimeProvider time) =>
        (this.client, Id, Slots, this.time) = (client, id, slots, time);

    public string Id { get; }

    public int Slots { get; }

    public Guid SessionId { get; } = Guid.NewGuid();

    /// <summary>The exchange on which it wants its answer.</summary>
    public string ReplyTo => $"worker-{Id}-reply-{SessionId:N}";

    /// <summary>When the answer to the registration arrived, as a timestamp of the clock given.</summary>
    public long AcceptedAt { get; private set; }

    /// <summary>Every attempt that came, repeats dropped.</summary>
    public IReadOnlyList<ScriptedRun> Received
    {
        get
        {
            lock (gate)
            {
                return [.. all];
            }
        }
    }

    /// <summary>What the scheduler said on the control queue.</summary>
    public IReadOnlyList<JsonElement> Commands
    {
        get
        {
            lock (gate)
            {
                return [.. commands];
            }
        }
    }

    /// <summary>What the worker says it can do; a test may change it before it registers.</summary>
    public JsonObject Capabilities { get; } = new()
    {
        ["hostname"] = "scripted",
        ["os"] = "linux",
        ["architecture"] = "x64",
        ["cpuCores"] = 64,
        ["cpuThreads"] = 64,
        ["memoryGb"] = 256,
        ["diskGb"] = 1000,
        ["backends"] = new JsonArray("cpu"),
        ["class"] = "scripted",
    };

    /// <summary>What becomes of a message before it is sent: a test may say it in other words.</summary>
    public Func<JsonObject, JsonObject> Wording { get; set; } = message => message;

    public static async Task<ScriptedWorker> ConnectAsync(Uri url, string id, int slots = 1, TimeProvider? time = null) =>
        new(await RawClient.ConnectAsync(url, $"worker-{id}"), id, slots, time ?? TimeProvider.System);

    /// <summary>Registers, repeating itself as a real worker does, and from the acceptance on consumes its queues and sends heartbeats.</summary>
    public async Task RegisterAsync(TimeSpan? limit = null)
    {
        var replyTo = ReplyTo;
        channel = await client.NewChannelAsync();
        await channel.ExchangeDeclareAsync(replyTo, "fanout", durable: false, autoDelete: true);
        await channel.QueueDeclareAsync(replyTo, durable: false, exclusive: true, autoDelete: true);
        await channel.QueueBindAsync(replyTo, replyTo, "");

        var accepted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await ConsumeAsync(channel, replyTo, body => Answer(body, accepted));
        await Eventually.TrueAsync($"worker {Id} was accepted", async () =>
        {
            await SendRegistrationAsync(replyTo);
            await Task.WhenAny(accepted.Task, Task.Delay(RegistrationInterval));
            return accepted.Task.IsCompletedSuccessfully || (accepted.Task.IsFaulted && await Throw(accepted.Task));
        }, limit);

        await ConsumeControlAsync();
        await ConsumeAsync(channel, $"worker-{Id}", Take);
        heartbeats = SendHeartbeatsAsync();
    }

    /// <summary>Registers once more, as a worker does that has seen no answer.</summary>
    public Task AskAgainAsync() => SendRegistrationAsync(ReplyTo);

    /// <summary>The next attempt that arrives.</summary>
    public async Task<ScriptedRun> NextRunAsync(TimeSpan? limit = null)
    {
        using var patience = new CancellationTokenSource(limit ?? Eventually.Limit);
        try
        {
            return await received.Reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"worker {Id} got no run in time");
        }
    }

    public Task ReportStartedAsync(ScriptedRun run)
    {
        attempts.Put(run.RunId, run.Attempt, AttemptLists.Running);
        return ReportAsync(StartedReport(run));
    }

    public Task ReportFinishedAsync(ScriptedRun run, string outcome = "passed")
    {
        attempts.Put(run.RunId, run.Attempt, AttemptLists.Unconfirmed);
        return ReportAsync(FinishedReport(run, outcome));
    }

    /// <summary>From now on the heartbeats list the attempt as running, whoever it belongs to.</summary>
    public void ListAsRunning(Guid runId, int attempt) => attempts.Put(runId, attempt, AttemptLists.Running);

    /// <summary>From now on the heartbeats list the attempt nowhere.</summary>
    public void ListNowhere(ScriptedRun run) => attempts.Put(run.RunId, run.Attempt, AttemptLists.Nowhere);

    public Task WaitForCommandAsync(string type, Func<JsonElement, bool> condition) => Eventually.TrueAsync(
        $"worker {Id} is told {type}", () => Commands.Any(command => command.GetProperty("type").GetString() == type && condition(command)));

    public Task WaitForCommandAsync(string type, Guid runId) =>
        WaitForCommandAsync(type, command => command.GetProperty("runId").GetGuid() == runId);

    /// <summary>Sends reports as they are, together.</summary>
    public Task ReportAsync(params JsonObject[] reports) => ReportAsync(SessionId, reports);

    public Task ReportAsync(Guid sessionId, params JsonObject[] reports) => SayAsync("worker-events", new JsonObject
    {
        ["workerId"] = Id,
        ["sessionId"] = sessionId,
        ["reports"] = new JsonArray([.. reports.Select(report => report.DeepClone())]),
    });

    public static JsonObject StartedReport(ScriptedRun run) =>
        new() { ["type"] = "testStarted", ["runId"] = run.RunId, ["attempt"] = run.Attempt };

    public static JsonObject FinishedReport(ScriptedRun run, string outcome = "passed") => new()
    {
        ["type"] = "testFinished",
        ["runId"] = run.RunId,
        ["attempt"] = run.Attempt,
        ["outcome"] = outcome,
        ["exitCode"] = outcome == "passed" ? 0 : 1,
        ["durationSeconds"] = 0.01,
        ["outputHead"] = "scripted",
    };

    /// <summary>Stops the heartbeats; the lease goes on until it ends.</summary>
    public async Task StopHeartbeatsAsync()
    {
        await ended.CancelAsync();
        await heartbeats;
    }

    /// <summary>Stops consuming and stops the heartbeats without a goodbye, as a killed worker does; it can still report.</summary>
    public async Task FallSilentAsync()
    {
        await StopHeartbeatsAsync();
        await channel!.CloseAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await heartbeats;
        await client.DisposeAsync();
        ended.Dispose();
    }

    private Task SayAsync(string exchange, JsonObject message) => client.PublishAsync(exchange, "", Wording(message));

    private static async Task<bool> Throw(Task refused)
    {
        await refused;
        return false;
    }

    private Task SendRegistrationAsync(string replyTo) => ReportAsync(new JsonObject
    {
        ["type"] = "workerRegistered",
        ["capabilities"] = Capabilities.DeepClone(),
        ["slots"] = Slots,
        ["version"] = "scripted",
        ["replyTo"] = replyTo,
    });

    private void Answer(JsonElement answer, TaskCompletionSource accepted)
    {
        if (answer.GetProperty("type").GetString() == "workerAccepted")
        {
            AcceptedAt = AcceptedAt == 0 ? time.GetTimestamp() : AcceptedAt;
            accepted.TrySetResult();
        }
        else
        {
            accepted.TrySetException(new InvalidOperationException($"worker {Id} was refused: {answer.GetProperty("reason").GetString()}"));
        }
    }

    private async Task ConsumeControlAsync()
    {
        var control = $"worker-{Id}-control";
        await channel!.ExchangeDeclareAsync(control, "fanout", durable: true, autoDelete: false);
        await channel.QueueDeclareAsync(control, durable: true, exclusive: false, autoDelete: false);
        await channel.QueueBindAsync(control, control, "");
        await ConsumeAsync(channel, control, Obey);
    }

    private static async Task ConsumeAsync(IChannel channel, string queue, Action<JsonElement> take)
    {
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            take(JsonDocument.Parse(delivery.Body.ToArray()).RootElement);
            await channel.BasicAckAsync(delivery.DeliveryTag, multiple: false);
        };
        await channel.BasicConsumeAsync(queue, autoAck: false, consumer);
    }

    /// <summary>A (run, attempt) that came before is dropped, as the contract asks of a worker.</summary>
    private void Take(JsonElement body)
    {
        var run = new ScriptedRun(
            body.GetProperty("runId").GetGuid(),
            body.GetProperty("attempt").GetInt32(),
            body.GetProperty("sessionId").GetGuid(),
            body.GetProperty("testId").GetString()!,
            time.GetTimestamp());
        if (run.SessionId != SessionId || !attempts.TryTake(run.RunId, run.Attempt))
        {
            return;
        }

        lock (gate)
        {
            all.Add(run);
        }

        received.Writer.TryWrite(run);
    }

    private void Obey(JsonElement command)
    {
        var isAnswer = command.GetProperty("type").GetString() == "heartbeatAnswered";
        if (isAnswer)
        {
            attempts.Forget(command);
        }

        lock (gate)
        {
            answered = isAnswer ? (command.GetProperty("sequence").GetInt64(), command.GetProperty("epoch").GetInt64()) : answered;
            commands.Add(command);
        }
    }

    private async Task SendHeartbeatsAsync()
    {
        using var timer = new PeriodicTimer(HeartbeatInterval);
        try
        {
            for (var sequence = 1L; !ended.IsCancellationRequested; sequence++)
            {
                await SayAsync("worker-heartbeats", Heartbeat(sequence));
                await timer.WaitForNextTickAsync(ended.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // the end, or silence on request
        }
    }

    private JsonObject Heartbeat(long sequence)
    {
        // Read first: what this says of an answer must hold for the lists, too.
        (long Sequence, long Epoch) heard;
        lock (gate)
        {
            heard = answered;
        }

        var heartbeat = new JsonObject
        {
            ["workerId"] = Id,
            ["sessionId"] = SessionId,
            ["sequence"] = sequence,
            ["answered"] = heard.Sequence,
            ["answeredEpoch"] = heard.Epoch,
        };
        attempts.AddTo(heartbeat);
        return heartbeat;
    }
}
