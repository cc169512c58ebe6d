using System.Text;
using LoadBalancer.Chaos.Judging;
using RabbitMQ.Client;

namespace LoadBalancer.Chaos.Load;

/// <summary>A submitter in plain AMQP: it sends each test, with the same run id, until the broker has confirmed it.</summary>
internal sealed class Submitter(Uri broker, IReadOnlyList<PlannedTest> plan, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan ConfirmLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromSeconds(2);
    private static readonly CreateChannelOptions Confirmed =
        new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);

    private readonly Lock gate = new();
    private readonly Dictionary<Guid, double> confirmedAt = [];
    private IConnection? connection;
    private IChannel? channel;

    /// <summary>All that was planned, and when it was confirmed.</summary>
    public IReadOnlyList<AskedTest> Asked
    {
        get
        {
            lock (gate)
            {
                return [.. plan.Select(test => test.Asked with
                {
                    ConfirmedAt = confirmedAt.TryGetValue(test.Asked.RunId, out var at) ? at : null,
                })];
            }
        }
    }

    /// <summary>Returns when everything planned is confirmed; what the broker's absence delayed follows as fast as it goes.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var sendings = plan.Select(test => (test.At, test))
            .Concat(plan.Where(test => test.Twice).Select(test => (At: test.At + RepeatAfter, test)))
            .OrderBy(sending => sending.At);
        foreach (var (at, test) in sendings)
        {
            var wait = at - time.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, time, cancellationToken);

            await SendUntilConfirmedAsync(test, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync() => await DisconnectAsync();

    private async Task SendUntilConfirmedAsync(PlannedTest test, CancellationToken cancellationToken)
    {
        var body = Encoding.UTF8.GetBytes(test.Body.ToJsonString());
        while (!await TrySendAsync(body, cancellationToken))
        {
            await DisconnectAsync();
            await Task.Delay(RetryPause, time, cancellationToken);
        }

        lock (gate)
            confirmedAt.TryAdd(test.Asked.RunId, Uptime.Now());
    }

    private async Task<bool> TrySendAsync(byte[] body, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConfirmLimit);
        try
        {
            connection ??= await Factory().CreateConnectionAsync(limit.Token);
            channel ??= await connection.CreateChannelAsync(Confirmed, limit.Token);
            await channel.BasicPublishAsync(
                "submit-test",
                "",
                mandatory: true,
                new BasicProperties { ContentType = "application/json", DeliveryMode = DeliveryModes.Persistent },
                body,
                limit.Token);
            return true;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it was, the answer is the same: nothing is confirmed, so it is sent again on a new connection.
            return false;
        }
    }

    private ConnectionFactory Factory() => new() { Uri = broker, ClientProvidedName = "chaos-submitter", AutomaticRecoveryEnabled = false };

    private async Task DisconnectAsync()
    {
        var (openChannel, openConnection) = (channel, connection);
        (channel, connection) = (null, null);
        await Abandoning.DisposeAsync(openChannel, openConnection);
    }
}
