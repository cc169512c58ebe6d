using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace LoadBalancer.Worker.Broker;

/// <summary>The broker is there and does not let this worker work; the message says why.</summary>
internal sealed class BrokerRefusedException(string message) : Exception(message);

/// <summary>
/// Connects once before the bus does: the bus alone would stay up and do nothing after a wrong password or without a right, and would tell
/// of an unreachable broker in stack traces.
/// </summary>
internal sealed class BrokerProbe(BrokerAddress address, string workerId, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly Guid session = Guid.NewGuid();

    /// <summary>Waits until the broker is there and lets the worker in, with every right it needs.</summary>
    /// <exception cref="BrokerRefusedException">Waiting will not help.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await ConnectOnceAsync(cancellationToken);
                return;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                if (Refusal(error) is { } reason)
                    throw new BrokerRefusedException($"the broker at {address} refuses worker '{workerId}': {reason}");
                logger.BrokerUnreachable(address.Host, address.Port, error.GetBaseException().Message, pause.TotalSeconds);
            }

            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private async Task ConnectOnceAsync(CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory
        {
            HostName = address.Host,
            Port = address.Port,
            VirtualHost = address.VirtualHost,
            UserName = address.User,
            Password = address.Password,
            ClientProvidedName = "worker-probe",
            AutomaticRecoveryEnabled = false,
            RequestedConnectionTimeout = Limit,
            Ssl = { Enabled = address.UsesTls, ServerName = address.Host },
        };
        await using var connection = await factory.CreateConnectionAsync(cancellationToken);
        // A missing virtual host shows only with the first thing that is asked for.
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        await WorkerRights.UseAllAsync(channel, workerId, session, cancellationToken);
        await connection.CloseAsync(cancellationToken);
    }

    /// <summary>A broker that is starting or stopping closes connections, too, also during sign-in, and for other reasons.</summary>
    private static string? Refusal(Exception error) => error switch
    {
        MissingRightException missing => missing.Message,
        AuthenticationFailureException => "user name or password is wrong (set Broker__Url)",
        OperationInterruptedException { ShutdownReason: { ReplyCode: Constants.NotAllowed } reason } when !IsPassing(reason.ReplyText) => reason.ReplyText,
        OperationInterruptedException { ShutdownReason: { ReplyCode: Constants.AccessRefused or Constants.PreconditionFailed } reason } => reason.ReplyText,
        AggregateException many => many.InnerExceptions.Select(Refusal).FirstOrDefault(reason => reason is not null),
        { InnerException: { } inner } => Refusal(inner),
        _ => null,
    };

    /// <summary>Of too many connections, some will end.</summary>
    private static bool IsPassing(string notAllowed) => notAllowed.Contains("connection limit", StringComparison.Ordinal);
}
