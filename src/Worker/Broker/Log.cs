using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Broker;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "The broker at {Host}:{Port} cannot be reached ({Reason}); next try in {PauseSeconds} s")]
    public static partial void BrokerUnreachable(this ILogger logger, string host, int port, string reason, double pauseSeconds);
}
