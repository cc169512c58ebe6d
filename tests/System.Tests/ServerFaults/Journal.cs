using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Clients;

namespace LoadBalancer.System.Tests.ServerFaults;

/// <summary>
/// Tests that write a line into one file when they begin and when they end. What really ran stands there, whatever the scheduler believes.
/// </summary>
internal sealed class Journal(string folder)
{
    private readonly string path = Path.Combine(folder, "journal");

    /// <summary>A test that ends after a moment, or when its gate is opened.</summary>
    public JsonObject Test(string testId, string? gate = null)
    {
        var wait = gate is null ? "sleep 0.2; " : $"until [ -e {folder}/{gate} ]; do sleep 0.1; done; ";
        return Submission.Shell($"echo begin {testId} >> {path}; {wait}echo end {testId} >> {path}", testId: testId);
    }

    public IReadOnlyList<JsonObject> Tests(string name, int count, string? gate = null) =>
        [.. Enumerable.Range(1, count).Select(number => Test($"{name}-{number}", gate))];

    public void Open(string gate) => File.WriteAllText(Path.Combine(folder, gate), "");

    public int Ended => File.Exists(path) ? File.ReadAllLines(path).Count(line => line.StartsWith("end ", StringComparison.Ordinal)) : 0;

    /// <summary>Each of the tests began once and ended once, and no other one ran.</summary>
    public void ShowsEachOnce(IEnumerable<JsonObject> tests) =>
        Assert.Equal(
            tests.SelectMany(test => new[] { $"begin {test["testId"]}", $"end {test["testId"]}" }).Order(StringComparer.Ordinal),
            File.ReadAllLines(path).Order(StringComparer.Ordinal));
}
