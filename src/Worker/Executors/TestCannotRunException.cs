namespace LoadBalancer.Worker.Executors;

/// <summary>The test cannot be started here; the message says why, to the person who submitted it.</summary>
internal sealed class TestCannotRunException(string message) : Exception(message)
{
    /// <summary>Output that explains it, bounded; empty when there is none.</summary>
    public string OutputHead { get; init; } = "";

    public string OutputTail { get; init; } = "";
}
