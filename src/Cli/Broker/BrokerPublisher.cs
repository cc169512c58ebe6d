using LoadBalancer.Cli.Api;
using LoadBalancer.Contracts;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace LoadBalancer.Cli.Broker;

/// <summary>Submits by RabbitMQ, as any client in another language would: plain JSON to the exchange, mandatory and confirmed.</summary>
internal sealed class BrokerPublisher(Uri address, TimeProvider time)
{
    private const string ConnectionName = "lb-cli";

    /// <summary>For connecting, and for each confirmation: a broker with an alarm takes messages and never confirms.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);

    /// <summary>The address as it may be shown.</summary>
    public string Shown { get; } = address.UserInfo.Contains(':')
        ? $"{address.Scheme}://{address.UserInfo[..address.UserInfo.IndexOf(':')]}:***@{address.Authority[(address.Authority.LastIndexOf('@') + 1)..]}{address.AbsolutePath}"
        : address.AbsoluteUri;

    /// <summary>Returns when the broker has confirmed every batch.</summary>
    public async Task Publish(IEnumerable<SubmissionBatch> batches, CancellationToken cancel)
    {
        try
        {
            await using var connection = await Within(Connect, cancel);
            await using var channel = await Within(token => connection.CreateChannelAsync(
                new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), token), cancel);
            foreach (var batch in batches) await Within(token => Publish(channel, batch, token), cancel);
        }
        catch (PublishException e) when (e.IsReturn)
        {
            throw LbException.Unreachable($"exchange {Names.SubmitTest} at {Shown} has no queue, so nobody would have taken the tests: start a scheduler on this broker first", e);
        }
        catch (Exception e) when (Refusal(e) is { } refusal)
        {
            throw new LbException(ExitCode.BadInput, $"{Shown} refused: {refusal.TrimEnd('.')}. Check user, password and virtual host in --broker or LB_BROKER, and the right to write to {Names.SubmitTest}.", e);
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            throw Unreachable($"there is no exchange {Names.SubmitTest}; start a scheduler on this broker first, or check the virtual host", e);
        }
        catch (Exception e) when (e is BrokerUnreachableException or OperationInterruptedException or PublishException or IOException)
        {
            throw Unreachable(e.GetBaseException().Message.TrimEnd('.'), e);
        }
    }

    private Task<IConnection> Connect(CancellationToken cancel) => new ConnectionFactory
    {
        Uri = address,
        ClientProvidedName = ConnectionName,
        AutomaticRecoveryEnabled = false,
        RequestedConnectionTimeout = Limit,
    }.CreateConnectionAsync(cancel);

    private static async Task<bool> Publish(IChannel channel, SubmissionBatch batch, CancellationToken cancel)
    {
        var properties = new BasicProperties
        {
            MessageId = Guid.CreateVersion7().ToString(),
            ContentType = "application/json",
            DeliveryMode = DeliveryModes.Persistent,
        };
        await channel.BasicPublishAsync(Names.SubmitTest, routingKey: "", mandatory: true, properties, batch.Body, cancel);
        return true;
    }

    private async Task<T> Within<T>(Func<CancellationToken, Task<T>> step, CancellationToken cancel)
    {
        using var deadline = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        try
        {
            return await step(either.Token);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw Unreachable($"no answer within {Limit.TotalSeconds:0} s (an alarm of the broker blocks publishers)", e);
        }
    }

    private static string? Refusal(Exception error) => error switch
    {
        _ when error.GetBaseException() is AuthenticationFailureException or PossibleAuthenticationFailureException => error.GetBaseException().Message,
        OperationInterruptedException { ShutdownReason: { ReplyCode: Constants.AccessRefused or Constants.NotAllowed } reason } => reason.ReplyText,
        { InnerException: OperationInterruptedException { ShutdownReason: { ReplyCode: Constants.AccessRefused or Constants.NotAllowed } reason } } => reason.ReplyText,
        _ => null,
    };

    private LbException Unreachable(string why, Exception cause) =>
        LbException.Unreachable($"cannot publish to the broker at {Shown}: {why}. Its address is set by --broker or LB_BROKER.", cause);
}
