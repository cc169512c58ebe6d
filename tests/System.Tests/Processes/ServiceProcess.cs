using System.Collections;
using System.Globalization;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.Processes;

/// <summary>One of our programs as it was built, run as a process of its own that ends with the test host.</summary>
internal class ServiceProcess : IAsyncDisposable
{
    /// <summary>Names the control group in which the process is to start, if any.</summary>
    public const string MemoryGroupVariable = "LB_TEST_MEMORY_GROUP";

    /// <summary>Names a directory that is to be a small disk, which only the process sees and which goes with it.</summary>
    public const string SmallDiskVariable = "LB_TEST_SMALL_DISK";

    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(60);

    private readonly GuardShell guard;
    private readonly string folder = Directory.CreateTempSubdirectory("lb-test-").FullName;

    /// <param name="project">The project's name below <c>src/</c> or <c>tests/</c>.</param>
    /// <param name="name">How failure messages call it.</param>
    /// <param name="settings">Environment variables.</param>
    protected ServiceProcess(string project, string name, IReadOnlyDictionary<string, string> settings)
    {
        Name = name;
        // The child is started by the shell, so its id comes back in a file.
        var script = $$"""
            [ -z "${{MemoryGroupVariable}}" ] || echo $$ >"${{MemoryGroupVariable}}/cgroup.procs" || exit 1
            cd '{{Path.GetDirectoryName(BuiltDll(project))}}'
            if [ -z "${{SmallDiskVariable}}" ]; then
                dotnet '{{BuiltDll(project)}}' 3<&- & child=$!
            else
                unshare -m sh -c 'mount -t tmpfs -o size=4m tmpfs "$0" && exec dotnet "$1"' "${{SmallDiskVariable}}" '{{BuiltDll(project)}}' 3<&- & child=$!
            fi
            echo $child >'{{folder}}/pid.new' && mv '{{folder}}/pid.new' '{{folder}}/pid'
            (read -r _ <&3; kill -KILL $child) & watcher=$!
            wait $child; code=$?
            kill $watcher
            exit $code
            """;
        guard = new GuardShell(script, folder, Environment(settings));
    }

    public string Name { get; }

    public int ProcessId { get; private set; }

    public bool HasExited => guard.HasExited;

    /// <summary>128 + the signal for a process that a signal ended.</summary>
    public int ExitCode => guard.ExitCode;

    /// <summary>The end of what it wrote.</summary>
    public string Log => $"--- {Name} ({(HasExited ? $"ended with {ExitCode}" : "running")}) ---\n{guard.TailOfOutput(60)}";

    /// <summary>Everything it wrote.</summary>
    public string Output => guard.Output;

    public void Pause() => Signal.SendStop(ProcessId);

    public void Resume() => Signal.SendCont(ProcessId);

    public async Task KillAsync()
    {
        Signal.SendKill(ProcessId);
        await guard.WaitForExitAsync(EndLimit);
    }

    /// <summary>SIGTERM, then waits for the end and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        Signal.SendTerm(ProcessId);
        await guard.WaitForExitAsync(EndLimit);
        return guard.ExitCode;
    }

    /// <summary>Waits until it has ended by itself, and returns its exit code.</summary>
    public async Task<int> WaitForEndOfProcessAsync(TimeSpan limit)
    {
        try
        {
            await Eventually.TrueAsync($"{Name} has ended", () => HasExited, limit);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n{Log}", e);
        }

        return ExitCode;
    }

    public virtual async ValueTask DisposeAsync()
    {
        await guard.CloseAsync(EndLimit);
        guard.Dispose();
        Directory.Delete(folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>A directory for the process that goes with it.</summary>
    protected string NewDirectory(string name) => Directory.CreateDirectory(Path.Combine(folder, name)).FullName;

    protected async Task WaitUntilStartedAsync() =>
        await Eventually.TrueAsync($"{Name} has a process id", () =>
        {
            var file = Path.Combine(folder, "pid");
            ProcessId = File.Exists(file) ? int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture) : 0;
            return ProcessId != 0;
        });

    /// <summary>Waits as <see cref="Eventually"/> does, but gives up with the log as soon as the process has ended.</summary>
    protected async Task WaitUntilAsync(string what, Func<Task<bool>> condition)
    {
        try
        {
            await Eventually.TrueAsync(what, async () => HasExited || await condition());
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n{Log}", e);
        }

        if (HasExited)
        {
            throw new InvalidOperationException($"ended before: {what}\n{Log}");
        }
    }

    /// <summary>Beside this assembly: <c>artifacts/bin/PROJECT/CONFIGURATION/LoadBalancer.PROJECT.dll</c>.</summary>
    private static string BuiltDll(string project)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        var dll = Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, $"LoadBalancer.{project}.dll");
        return File.Exists(dll) ? dll : throw new FileNotFoundException($"{project} is not built for {own.Name}", dll);
    }

    private static Dictionary<string, string?> Environment(IReadOnlyDictionary<string, string> settings)
    {
        var environment = global::System.Environment.GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value);
        foreach (var (name, value) in settings)
        {
            environment[name] = value;
        }

        return environment;
    }
}
