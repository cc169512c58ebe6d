using System.ComponentModel;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Contracts;
using LoadBalancer.Worker.Processes;

namespace LoadBalancer.Worker.Executors;

/// <summary>
/// Directories with prepared code, one per revision, kept for later runs. Whoever comes first prepares; who comes meanwhile waits for the
/// same preparation, which is ended when nobody waits for it any more. A failed one is thrown away and tried anew by the next run.
/// </summary>
internal sealed class Workspaces(string root, ProcessRunner runner, WorkerOptions options)
{
    private const int NameLength = 16;

    private readonly Lock gate = new();
    private readonly Dictionary<string, Preparation> preparing = [];

    /// <returns>The prepared directory.</returns>
    /// <exception cref="TestCannotRunException">The preparation failed; its output is attached.</exception>
    /// <exception cref="OperationCanceledException">Stopped while waiting.</exception>
    public async Task<string> PrepareAsync(RunTest run, TestWorkspace workspace, CancellationToken stop)
    {
        // A revision is any text, so the directory is named by its hash.
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(workspace.Revision)))[..NameLength];
        var directory = Path.Combine(root, name);
        var done = directory + ".prepared";
        Preparation preparation;
        lock (gate)
        {
            if (File.Exists(done))
                return directory;

            if (!preparing.TryGetValue(name, out preparation!) || preparation.Waiting == 0)
            {
                // One that everybody left still has the directory until its processes are gone.
                var left = preparation?.Work ?? Task.CompletedTask;
                preparing[name] = preparation = new Preparation(run, workspace, directory, done);
                preparation.Work = RunPreparationAsync(preparation, name, left);
            }

            preparation.Waiting++;
        }

        try
        {
            await preparation.Work.WaitAsync(stop);
            return directory;
        }
        finally
        {
            Leave(preparation);
        }
    }

    private void Leave(Preparation preparation)
    {
        bool last;
        lock (gate)
            last = --preparation.Waiting == 0;

        if (last)
            preparation.Abandoned.Cancel();
    }

    private async Task RunPreparationAsync(Preparation preparation, string name, Task left)
    {
        await Task.WhenAny(left).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            var directory = preparation.Folder;
            if (Directory.Exists(directory))
                Directory.Delete(directory, recursive: true);
            Directory.CreateDirectory(directory);
            if (preparation.Workspace.Prepare is { } command)
                await RunCommandAsync(preparation, command);
            await File.WriteAllTextAsync(preparation.Done, preparation.Workspace.Revision, preparation.Abandoned.Token);
        }
        finally
        {
            lock (gate)
            {
                if (preparing.GetValueOrDefault(name) == preparation)
                    preparing.Remove(name);
            }
        }
    }

    private async Task RunCommandAsync(Preparation preparation, TestCommand command)
    {
        var directory = preparation.Folder;
        var attempt = AttemptVariables.Of(preparation.Run, options.Id, directory, directory);
        var environment = CleanEnvironment.Build(command, options.AllowedEnvironment, attempt);
        var resolved = CommandResolution.Resolve(command, directory, environment, options.AllowedExecutables);
        ProcessResult result;
        try
        {
            result = await runner.RunAsync(resolved, options.PrepareTimeout, preparation.Abandoned.Token);
        }
        catch (Win32Exception error)
        {
            throw new TestCannotRunException($"workspace.prepare could not be started: {error.Message}");
        }

        if (result is not { Ending: ProcessEnding.Exited, ExitCode: 0 })
            throw Failed(preparation.Workspace.Revision, result, environment.Note);
    }

    private TestCannotRunException Failed(string revision, ProcessResult result, string note)
    {
        var how = result.Ending switch
        {
            ProcessEnding.TimedOut => $"did not end within {options.PrepareTimeout}",
            ProcessEnding.Stopped => "was stopped",
            _ => $"ended with exit code {result.ExitCode}",
        };
        return new TestCannotRunException($"workspace.prepare of revision '{revision}' {how}")
        {
            OutputHead = note + result.OutputHead,
            OutputTail = result.OutputTail,
        };
    }

    private sealed class Preparation(RunTest run, TestWorkspace workspace, string folder, string done)
    {
        public RunTest Run => run;

        public TestWorkspace Workspace => workspace;

        public string Folder => folder;

        public string Done => done;

        public Task Work { get; set; } = Task.CompletedTask;

        public CancellationTokenSource Abandoned { get; } = new();

        public int Waiting { get; set; }
    }
}
