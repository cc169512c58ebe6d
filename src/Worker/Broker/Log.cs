using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Broker;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "The broker at {Host}:{Port} cannot be reached ({Reason}); next try in {PauseSeconds} s")]
    public static partial void BrokerUnreachable(this ILogger logger, string host, int port, string reason, double pauseSeconds);

    [LoggerMessage(2, LogLevel.Error, "Worker {WorkerId} goes on without what the broker no longer allows, and asks again: {Reason}")]
    public static partial void NotAllowed(this ILogger logger, string workerId, string reason);

    [LoggerMessage(3, LogLevel.Information, "Worker {WorkerId} may do again at the broker what it must")]
    public static partial void AllowedAgain(this ILogger logger, string workerId);
}
