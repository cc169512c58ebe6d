namespace LoadBalancer.Cli;

/// <summary>How <c>lb</c> ends; scripts rely on the numbers.</summary>
internal static class ExitCode
{
    public const int Passed = 0;

    /// <summary>Done, and some test failed.</summary>
    public const int TestsFailed = 1;

    public const int BadInput = 2;

    /// <summary>Scheduler or broker unreachable.</summary>
    public const int Unreachable = 3;

    /// <summary>Interrupted, or timed out waiting.</summary>
    public const int Interrupted = 4;
}

/// <summary>Ends the verb with a message for people: what, which value, what to do.</summary>
internal sealed class LbException(int exitCode, string message, Exception? cause = null) : Exception(message, cause)
{
    public int ExitCode { get; } = exitCode;

    public static LbException BadInput(string message) => new(Cli.ExitCode.BadInput, message);

    public static LbException Unreachable(string message, Exception? cause = null) => new(Cli.ExitCode.Unreachable, message, cause);
}
