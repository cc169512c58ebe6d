using LoadBalancer.Contracts;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Sessions;

internal static partial class Log
{
    [LoggerMessage(
        1, LogLevel.Information, "Worker {WorkerId} is accepted as session {SessionId}: {Slots} slots, class {Class}, lease {LeaseSeconds} s")]
    public static partial void SessionAccepted(
        this ILogger logger, string workerId, Guid sessionId, int slots, string @class, double leaseSeconds);

    [LoggerMessage(2, LogLevel.Warning, "Worker {WorkerId} is refused and asks again: {Reason}")]
    public static partial void RegistrationRefused(this ILogger logger, string workerId, string reason);

    [LoggerMessage(3, LogLevel.Warning, "Worker {WorkerId} ended session {SessionId}: {Reason}")]
    public static partial void SessionLost(this ILogger logger, string workerId, Guid sessionId, string reason);

    [LoggerMessage(4, LogLevel.Error, "Worker {WorkerId} starts a new session after an error")]
    public static partial void SessionFailed(this ILogger logger, Exception error, string workerId);

    [LoggerMessage(14, LogLevel.Error, "Worker {WorkerId} starts a new session, since the broker was not reached: {Reason}")]
    public static partial void SessionCutOff(this ILogger logger, string workerId, string reason);

    [LoggerMessage(5, LogLevel.Debug, "Run {RunId}, attempt {Attempt}, belongs to session {SessionId} and is dropped")]
    public static partial void AttemptOfOtherSession(this ILogger logger, Guid runId, int attempt, Guid sessionId);

    [LoggerMessage(6, LogLevel.Debug, "Run {RunId}, attempt {Attempt}, is not new and is dropped")]
    public static partial void AttemptKnown(this ILogger logger, Guid runId, int attempt);

    [LoggerMessage(7, LogLevel.Debug, "Run {RunId}, attempt {Attempt}, of test {TestId} starts")]
    public static partial void AttemptStarted(this ILogger logger, Guid runId, int attempt, string testId);

    [LoggerMessage(8, LogLevel.Debug, "Run {RunId}, attempt {Attempt}, ended as {Outcome}: {Error}")]
    public static partial void AttemptFinished(this ILogger logger, Guid runId, int attempt, TestOutcome outcome, string? error);

    [LoggerMessage(9, LogLevel.Warning, "The broker did not take heartbeat {Sequence}: {Reason}")]
    public static partial void HeartbeatNotTaken(this ILogger logger, long sequence, string reason);

    [LoggerMessage(10, LogLevel.Information, "Worker {WorkerId} takes nothing new: {Reason}")]
    public static partial void Draining(this ILogger logger, string workerId, string reason);

    [LoggerMessage(11, LogLevel.Warning, "Worker {WorkerId} killed {Count} processes that an earlier worker left in {Directory}")]
    public static partial void OrphansKilled(this ILogger logger, string workerId, int count, string directory);

    [LoggerMessage(12, LogLevel.Information, "Worker {WorkerId} left: session {SessionId} is over")]
    public static partial void WorkerLeft(this ILogger logger, string workerId, Guid sessionId);

    [LoggerMessage(
        14, LogLevel.Warning,
        "Worker {WorkerId} cannot tell a test that was killed for want of memory: the kernel's count can be read neither of the control group nor of the machine. Such a test is reported as ended by signal 9")]
    public static partial void MemoryKillsUnknown(this ILogger logger, string workerId);

    [LoggerMessage(
        15, LogLevel.Information,
        "Worker {WorkerId} sees only the whole machine's count of processes killed for want of memory: a test that is killed while another program lacks memory is taken for one of them")]
    public static partial void MemoryKillsOfTheMachine(this ILogger logger, string workerId);

    [LoggerMessage(
        16, LogLevel.Warning,
        "Worker {WorkerId} is killed together with a test that runs out of memory: memory.oom.group of its control group is 1")]
    public static partial void MemoryKillsTheWorkerToo(this ILogger logger, string workerId);

    [LoggerMessage(13, LogLevel.Error, "Worker {WorkerId} could not end all tests of session {SessionId}")]
    public static partial void TestsLeft(this ILogger logger, string workerId, Guid sessionId);
}
