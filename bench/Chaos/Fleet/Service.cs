using System.Collections;
using System.Globalization;
using LoadBalancer.Chaos.Faults;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.Chaos.Fleet;

/// <summary>One of our programs as a process that ends with this one. What it writes, over all its lives, is in one file.</summary>
internal sealed class Service : IFaultTarget, IAsyncDisposable
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly string program;
    private readonly string folder;
    private readonly Dictionary<string, string?> environment;
    private readonly TimeProvider time;
    private readonly HttpClient? http;
    private GuardShell? guard;
    private int processId;

    /// <param name="name">Its name among the targets and the name of its folder.</param>
    /// <param name="project">The project's name below <c>src/</c>.</param>
    /// <param name="logs">Where the folders of the processes are.</param>
    /// <param name="settings">Environment variables beside the inherited ones.</param>
    /// <param name="time">For waiting.</param>
    /// <param name="http">Its API, for a server.</param>
    public Service(
        string name, string project, string logs, IReadOnlyDictionary<string, string> settings, TimeProvider time, HttpClient? http = null)
    {
        (Name, this.time, this.http) = (name, time, http);
        program = BuiltProgram(project);
        folder = Directory.CreateDirectory(Path.Combine(logs, name)).FullName;
        environment = Environment.GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value);
        foreach (var (key, value) in settings)
            environment[key] = value;
    }

    public string Name { get; }

    public bool IsServer => http is not null;

    public int? EndedByItselfWith => guard is { HasExited: true } ended ? ended.ExitCode : null;

    public async Task StartAsync()
    {
        await EndAsync();
        var file = Path.Combine(folder, "pid");
        File.Delete(file);
        // The child is started by the shell, so its id comes back in a file.
        guard = new GuardShell(
            $$"""
            cd '{{Path.GetDirectoryName(program)}}'
            dotnet '{{program}}' 3<&- & child=$!
            echo $child >'{{file}}.new' && mv '{{file}}.new' '{{file}}'
            (read -r _ <&3; kill -KILL $child) & watcher=$!
            wait $child; code=$?
            echo "--- process $child ended with $code ---"
            kill $watcher
            exit $code
            """,
            folder,
            environment);
        while (!File.Exists(file))
            await Task.Delay(Interval, time, CancellationToken.None);
        processId = int.Parse(await File.ReadAllTextAsync(file, CancellationToken.None), CultureInfo.InvariantCulture);
    }

    public async Task KillAsync()
    {
        Send(Signal.Kill);
        await EndAsync();
    }

    public void Freeze() => Send(Signal.Stop);

    public void Thaw() => Send(Signal.Continue);

    public Task WaitUntilAnsweringAsync(CancellationToken cancellationToken) => http is null
        ? Task.CompletedTask
        : Answering.UntilAsync(limit => Answering.HttpAsync(http, "health/live", limit), time, cancellationToken);

    public async ValueTask DisposeAsync() => await EndAsync();

    private async Task EndAsync()
    {
        if (guard is null)
            return;

        await guard.CloseAsync(EndLimit);
        guard.Dispose();
        guard = null;
    }

    private void Send(Action<int> signal)
    {
        // The shell has not waited for its child yet, so the id is still the child's.
        if (guard is { HasExited: false })
            signal(processId);
    }

    /// <summary>Beside this assembly: <c>artifacts/bin/PROJECT/CONFIGURATION/LoadBalancer.PROJECT.dll</c>.</summary>
    private static string BuiltProgram(string project)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, $"LoadBalancer.{project}.dll");
    }
}
