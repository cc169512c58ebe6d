using System.ComponentModel;
using System.Diagnostics;

namespace LoadBalancer.Worker.Processes;

/// <summary>Asks an installed program one question, such as its version. Gives the output (standard output, else standard error) or null.</summary>
internal delegate Task<string?> CommandProbe(string executable, IReadOnlyList<string> arguments, CancellationToken cancellationToken);

/// <summary>The probe that starts programs of this machine, each for a few seconds at most; one that hangs is killed with all it started.</summary>
internal sealed class ShortCommand(TimeSpan limit, TimeProvider time)
{
    private const int OutputLimit = 64 * 1024;

    public static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(5);

    public async Task<string?> AskAsync(string executable, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        if (ExecutableFile.Find(executable, Environment.GetEnvironmentVariable("PATH") ?? "", "/") is not { } path)
            return null;

        using var process = Start(path, arguments);
        if (process is null)
            return null;

        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            process.StandardInput.Close();
            var output = Task.WhenAll(ReadAsync(process.StandardOutput, either.Token), ReadAsync(process.StandardError, either.Token));
            await process.WaitForExitAsync(either.Token);
            var texts = await output.WaitAsync(either.Token);
            return process.ExitCode != 0 ? null : texts[0].Length > 0 ? texts[0] : texts[1];
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }

    private static Process? Start(string path, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // A neutral place: some tools answer differently inside a project.
            WorkingDirectory = "/",
        };
        try
        {
            return Process.Start(start);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var kept = new char[OutputLimit];
        var length = await reader.ReadBlockAsync(kept, cancellationToken);
        await reader.BaseStream.CopyToAsync(Stream.Null, cancellationToken);
        return new string(kept, 0, length).Trim();
    }
}
