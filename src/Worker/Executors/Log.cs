using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Executors;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "The directory {Directory} of a run that ended could not be deleted: {Reason}")]
    public static partial void RunDirectoryLeft(this ILogger logger, string directory, string reason);
}
