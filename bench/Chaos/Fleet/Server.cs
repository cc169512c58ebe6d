using System.Diagnostics;
using System.Globalization;
using LoadBalancer.Chaos.Faults;

namespace LoadBalancer.Chaos.Fleet;

/// <summary>RabbitMQ or PostgreSQL as <c>servers.sh</c> runs them.</summary>
internal sealed class Server(string name, string directory, Func<CancellationToken, Task> ask, TimeProvider time) : IFaultTarget
{
    private IReadOnlyList<int> frozen = [];

    public string Name => name;

    public bool IsServer => true;

    public int? EndedByItselfWith => null;

    public Task StartAsync() => CommandAsync("start");

    public Task KillAsync() => CommandAsync("kill9");

    public void Freeze()
    {
        // The first one starts the others, so it is stopped before its children are counted.
        var main = MainProcess();
        Signal.Stop(main);
        frozen = [main, .. Children(main)];
        foreach (var id in frozen)
            Signal.Stop(id);
    }

    public void Thaw()
    {
        foreach (var id in frozen)
            Signal.Continue(id);
        frozen = [];
    }

    public Task WaitUntilAnsweringAsync(CancellationToken cancellationToken) => Answering.UntilAsync(ask, time, cancellationToken);

    private int MainProcess()
    {
        var file = name == "postgres"
            ? Path.Combine(File.ReadAllText(Path.Combine(directory, "postgres.path")).Trim(), "data", "postmaster.pid")
            : Path.Combine(directory, "rabbitmq", "rabbitmq.pid");
        return int.Parse(File.ReadLines(file).First(), CultureInfo.InvariantCulture);
    }

    private static IEnumerable<int> Children(int processId) => File.ReadAllText($"/proc/{processId}/task/{processId}/children")
        .Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(id => int.Parse(id, CultureInfo.InvariantCulture));

    private async Task CommandAsync(string command)
    {
        // In a session of its own: an interrupt from the terminal must not reach a server that it is just starting.
        var start = new ProcessStartInfo("setsid")
        {
            ArgumentList = { "-w", "./servers.sh", "--dir", directory, command, name },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("servers.sh did not start");
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(CancellationToken.None);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"servers.sh {command} {name} ended with {process.ExitCode}: {await error}{await output}");
    }
}
