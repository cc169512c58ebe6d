using System.Diagnostics;

namespace LoadBalancer.System.Tests.Servers;

/// <summary>
/// A shell script that stands between this process and one it starts, and reads its standard input: when this process closes it, or is
/// killed and the kernel closes it, the script ends what it started. So nothing outlives the test host, whatever becomes of it.
/// The script reads descriptor 3 and writes its output to <c>output</c> in <paramref name="folder"/>, which is its working directory.
/// </summary>
internal sealed class GuardShell(string script, string folder, IReadOnlyDictionary<string, string?> environment) : IDisposable
{
    private const string Prologue = "exec 3<&0 0</dev/null >>output 2>&1\ntrap '' INT\n";

    private readonly Process shell = Start(Prologue + script, folder, environment);

    public bool HasExited => shell.HasExited;

    public int ExitCode => shell.ExitCode;

    /// <summary>Tells the script to end what it started, and kills them all if that takes longer than <paramref name="limit"/>.</summary>
    public async Task CloseAsync(TimeSpan limit)
    {
        shell.StandardInput.Close();
        await WaitForExitAsync(limit);
    }

    public async Task WaitForExitAsync(TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        try
        {
            await shell.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            shell.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Everything that was written.</summary>
    public string Output => File.Exists(OutputPath) ? File.ReadAllText(OutputPath) : "";

    private string OutputPath => Path.Combine(folder, "output");

    /// <summary>The last lines of what was written, each cut to a readable length.</summary>
    public string TailOfOutput(int lines = 20)
    {
        return File.Exists(OutputPath)
            ? string.Join('\n', File.ReadLines(OutputPath).TakeLast(lines).Select(line => line[..Math.Min(line.Length, 500)]))
            : "(no output)";
    }

    public void Dispose() => shell.Dispose();

    private static Process Start(string script, string folder, IReadOnlyDictionary<string, string?> environment)
    {
        var start = new ProcessStartInfo("/bin/sh")
        {
            RedirectStandardInput = true,
            WorkingDirectory = folder,
            ArgumentList = { "-c", script },
        };
        start.Environment.Clear();
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException("/bin/sh did not start");
    }
}
