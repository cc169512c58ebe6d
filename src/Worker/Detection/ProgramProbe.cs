using System.Collections;
using System.ComponentModel;
using LoadBalancer.Worker.Processes;

namespace LoadBalancer.Worker.Detection;

/// <summary>Asks an installed program one question, such as its version. Gives what it says, or null when it is absent, fails or hangs.</summary>
internal delegate Task<string?> CommandProbe(string executable, IReadOnlyList<string> arguments, CancellationToken cancellationToken);

/// <summary>The probe that starts programs of this machine, each for a few seconds at most; one that hangs is killed with all it started.</summary>
internal sealed class ProgramProbe(ProcessRunner runner, TimeSpan limit)
{
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(5);

    private static readonly Dictionary<string, string> OwnEnvironment = Environment.GetEnvironmentVariables()
        .Cast<DictionaryEntry>()
        .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? "");

    public async Task<string?> AskAsync(string executable, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        if (ExecutableFile.Find(executable, OwnEnvironment.GetValueOrDefault("PATH", ""), "/") is not { } path)
            return null;

        try
        {
            // A neutral place: some tools answer differently inside a project.
            var result = await runner.RunAsync(new ProcessCommand(path, arguments, OwnEnvironment, "/"), limit, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            return result is { Ending: ProcessEnding.Exited, ExitCode: 0 } ? result.OutputHead.Trim() : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
