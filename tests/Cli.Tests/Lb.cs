using System.Text;
using LoadBalancer.Cli.Terminals;

namespace LoadBalancer.Cli.Tests;

/// <summary>One call of <c>lb</c> with its own streams and environment.</summary>
internal sealed class Lb : IDisposable
{
    private readonly Recording output = new();
    private readonly Recording error = new();
    private readonly CancellationTokenSource interrupted = new();

    public Dictionary<string, string> Variables { get; } = [];

    public string Input { get; init; } = "";

    public string Out => output.Text;

    public string Error => error.Text;

    public Terminal Terminal => new()
    {
        In = new StringReader(Input),
        Out = output.Writer,
        Error = error.Writer,
        Variable = name => Variables.GetValueOrDefault(name),
        Time = TimeProvider.System,
    };

    public static Lb At(FakeScheduler scheduler) => new() { Variables = { ["LB_URL"] = scheduler.Url } };

    public Task<int> Run(params string[] args) => Invocation.Run(args, Terminal, interrupted.Token);

    public void Interrupt() => interrupted.Cancel();

    public void Dispose() => interrupted.Dispose();

    /// <summary>Text that is read while it is written.</summary>
    private sealed class Recording
    {
        private readonly StringBuilder text = new();

        // The synchronized writer locks itself.
        public Recording() => Writer = TextWriter.Synchronized(new StringWriter(text));

        public TextWriter Writer { get; }

        public string Text
        {
            get
            {
                lock (Writer) return text.ToString();
            }
        }
    }
}

internal static class Until
{
    /// <summary>Waits for a condition that becomes true by itself; the limit only bounds a broken test.</summary>
    public static async Task True(Func<bool> condition, string what)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            Assert.False(limit.IsCancellationRequested, $"never true: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
        }
    }
}

/// <summary>A directory of its own for a test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("lb-tests-");

    public string File(string name, string? content = null)
    {
        var path = Path.Combine(directory.FullName, name);
        if (content is not null) System.IO.File.WriteAllText(path, content);
        return path;
    }

    public IEnumerable<string> Names => directory.EnumerateFiles().Select(file => file.Name);

    public void Dispose() => directory.Delete(recursive: true);
}
