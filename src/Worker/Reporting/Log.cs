using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Reporting;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "The broker did not take {Count} reports ({Reason}); they are sent again")]
    public static partial void ReportNotTaken(this ILogger logger, int count, string reason);

    [LoggerMessage(2, LogLevel.Warning, "The result of run {RunId}, attempt {Attempt}, is given up: {Count} are unconfirmed")]
    public static partial void ResultGivenUp(this ILogger logger, Guid runId, int attempt, int count);

    [LoggerMessage(3, LogLevel.Warning, "Line {Line} of the stored results in {File} cannot be read: {Reason}")]
    public static partial void ResultUnreadable(this ILogger logger, string file, int line, string reason);

    [LoggerMessage(5, LogLevel.Warning, "The file of unconfirmed results cannot be made shorter: {Reason}")]
    public static partial void ResultsNotTidied(this ILogger logger, string reason);

    [LoggerMessage(4, LogLevel.Error, "The result of run {RunId}, attempt {Attempt}, cannot be kept on disk: {Reason}")]
    public static partial void ResultNotKept(this ILogger logger, Guid runId, int attempt, string reason);
}
