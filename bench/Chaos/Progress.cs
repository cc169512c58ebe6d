namespace LoadBalancer.Chaos;

/// <summary>What is done, as it is done: into a file, and onto the terminal unless it was asked to be quiet.</summary>
internal sealed class Progress(string file, bool quiet) : IDisposable
{
    private readonly Lock gate = new();
    private readonly StreamWriter writer = new(file) { AutoFlush = true };

    public void Say(string text)
    {
        lock (gate)
        {
            writer.WriteLine(text);
            if (!quiet)
                Console.Error.WriteLine(text);
        }
    }

    public void Dispose() => writer.Dispose();
}
