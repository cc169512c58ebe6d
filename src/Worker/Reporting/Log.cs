using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Reporting;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "The broker did not take {Count} reports ({Reason}); they are sent again")]
    public static partial void ReportNotTaken(this ILogger logger, int count, string reason);

    [LoggerMessage(2, LogLevel.Warning, "The result of run {RunId}, attempt {Attempt}, is given up: more than {Limit} are unconfirmed")]
    public static partial void ResultGivenUp(this ILogger logger, Guid runId, int attempt, int limit);

    [LoggerMessage(3, LogLevel.Warning, "The stored result {File} cannot be read: {Reason}")]
    public static partial void ResultUnreadable(this ILogger logger, string file, string reason);


    [LoggerMessage(4, LogLevel.Error, "The result of run {RunId}, attempt {Attempt}, cannot be kept on disk: {Reason}")]
    public static partial void ResultNotKept(this ILogger logger, Guid runId, int attempt, string reason);
}
