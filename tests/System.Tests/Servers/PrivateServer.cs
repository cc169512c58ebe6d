namespace LoadBalancer.System.Tests.Servers;

/// <summary>A server that belongs to this test assembly: an installed program, run as a process that ends with the test host.</summary>
internal abstract class PrivateServer : IAsyncDisposable
{
    // A loaded two-core machine needs 20 s for RabbitMQ.
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(60);

    private GuardShell? guard;

    protected string Folder { get; } = Directory.CreateTempSubdirectory("lb-test-").FullName;

    /// <summary>The process that a fault test stops, resumes or kills.</summary>
    public abstract int ServerProcessId { get; }

    protected abstract string Script { get; }

    protected virtual IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string>();

    /// <summary>Starts the server, or starts it again on the same data and ports after a stop or a crash.</summary>
    public async Task BootAsync()
    {
        guard?.Dispose();
        guard = new GuardShell(Script, Folder, ServerEnvironment());
        using var limit = new CancellationTokenSource(StartLimit);
        while (!await IsReadyAsync(limit.Token))
        {
            if (guard.HasExited)
            {
                throw new InvalidOperationException($"{GetType().Name} ended while starting:\n{guard.TailOfOutput()}");
            }

            await Task.Delay(100, limit.Token);
        }
    }

    /// <summary>Ends the server as its operator would. <see cref="BootAsync"/> brings it back.</summary>
    public Task StopAsync() => guard!.CloseAsync(StopLimit);

    /// <summary>Ends the server without a chance to tidy up. <see cref="BootAsync"/> brings it back.</summary>
    public async Task CrashAsync()
    {
        SendCrash();
        await guard!.WaitForExitAsync(StopLimit);
    }

    /// <summary>Starts the server again when the outage is over, however it went.</summary>
    /// <param name="end"><see cref="StopAsync"/> or <see cref="CrashAsync"/>.</param>
    /// <param name="meanwhile">What happens while the server is away.</param>
    public async Task BeAwayAsync(Func<Task> end, Func<Task> meanwhile)
    {
        await end();
        try
        {
            await meanwhile();
        }
        finally
        {
            await BootAsync();
        }
    }

    /// <summary>The server keeps its connections and answers nothing for a while.</summary>
    public async Task FreezeAsync(Func<Task> meanwhile)
    {
        var frozen = ServerProcessId;
        Signal.SendStop(frozen);
        try
        {
            await meanwhile();
        }
        finally
        {
            Signal.SendCont(frozen);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (guard is not null)
        {
            await guard.CloseAsync(StopLimit);
            guard.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
    }

    protected abstract Task<bool> IsReadyAsync(CancellationToken cancellationToken);

    protected abstract void SendCrash();

    protected static async Task<TServer> BootedAsync<TServer>(TServer server) where TServer : PrivateServer
    {
        try
        {
            await server.BootAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The directory of the newest version that has the program, or null.</summary>
    protected static string? Newest(string parent, string pattern, string child, string program) =>
        Directory.Exists(parent)
            ? Directory.GetDirectories(parent, pattern)
                .OrderByDescending(directory => directory, StringComparer.Ordinal)
                .Select(directory => Path.Combine(directory, child))
                .FirstOrDefault(directory => File.Exists(Path.Combine(directory, program)))
            : null;

    protected Dictionary<string, string?> ServerEnvironment()
    {
        var environment = new Dictionary<string, string?>
        {
            ["PATH"] = global::System.Environment.GetEnvironmentVariable("PATH"),
            ["HOME"] = Folder,
            ["LANG"] = "C.UTF-8",
        };
        foreach (var (name, value) in Variables)
        {
            environment[name] = value;
        }

        return environment;
    }
}
