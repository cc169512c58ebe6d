using System.Globalization;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>What the process of an attempt wrote.</summary>
internal sealed record JournalLine(int Attempt, string Word, string WorkerId);

/// <summary>
/// A file to which the processes of one run append while they live, and which knows nothing of what anybody says about them. Each attempt
/// lives until the test lets it end.
/// </summary>
internal sealed class Journal(string folder, string name)
{
    private const string Start = "starts", Beat = "lives", End = "ends";

    private readonly string file = Path.Combine(folder, name);

    public string Name => name;

    /// <summary>Also ends with the folder, so that nothing outlives a failed test.</summary>
    public string Script => $$"""
        say() { echo "$LB_ATTEMPT $1 $LB_WORKER_ID" >> {{file}}; }
        say {{Start}}
        until [ -e {{file}}.$LB_ATTEMPT ]; do [ -d {{folder}} ] || exit 1; say {{Beat}}; sleep 0.2; done
        say {{End}}
        """;

    public IReadOnlyList<JournalLine> Lines => !File.Exists(file) ? [] :
        [.. File.ReadAllLines(file).Select(line => line.Split(' ')).Select(words =>
            new JournalLine(int.Parse(words[0], CultureInfo.InvariantCulture), words[1], words[2]))];

    public IReadOnlyList<int> Attempts => [.. Lines.Select(line => line.Attempt).Distinct()];

    public void LetEnd(int attempt) => File.WriteAllText($"{file}.{attempt}", "");

    /// <summary>Whatever attempt it becomes.</summary>
    public void LetEnd()
    {
        for (var attempt = 1; attempt < 20; attempt++)
        {
            LetEnd(attempt);
        }
    }

    public Task StartedAsync(int attempt) => SaysAsync(attempt, Start);

    public Task LivesOnAsync(int attempt)
    {
        var known = Beats(attempt);
        return Eventually.TrueAsync($"attempt {attempt} of {name} lives on", () => Beats(attempt) > known + 1);
    }

    /// <summary>Where an attempt ran.</summary>
    public string WorkerOf(int attempt) => Lines.First(line => line.Attempt == attempt).WorkerId;

    /// <summary>The last sign of life of each attempt comes before the first one of the next, and at most one came to its end.</summary>
    public void AssertOneAtATime()
    {
        var lines = Lines;
        Assert.Equal(lines.Select(line => line.Attempt).Order(), lines.Select(line => line.Attempt));
        Assert.All(lines.GroupBy(line => line.Attempt), attempt => Assert.Single(attempt, line => line.Word == Start));
        Assert.True(lines.Count(line => line.Word == End) <= 1, $"{name} came to its end more than once");
    }

    private int Beats(int attempt) => Lines.Count(line => line.Attempt == attempt && line.Word == Beat);

    private Task SaysAsync(int attempt, string word) =>
        Eventually.TrueAsync($"attempt {attempt} of {name} {word}", () => Lines.Any(line => line.Attempt == attempt && line.Word == word));
}
