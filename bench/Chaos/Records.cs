using System.Text.Json;
using LoadBalancer.Chaos.Judging;

namespace LoadBalancer.Chaos;

/// <summary>What is kept for whoever looks for the cause, beside the journal and the logs.</summary>
internal sealed class Records(string directory, IReadOnlyList<HttpClient> apis)
{
    private const int MostRuns = 50;

    public async Task KeepAsync(Evidence evidence, Verdict verdict)
    {
        await WriteAsync("events", evidence.Changes);
        await WriteAsync("tests", evidence.Tests);
        await WriteAsync("outages", evidence.Outages);
        await WriteAsync("recoveries", verdict.Recoveries);
        await WriteAsync("takeovers", verdict.Takeovers);
        await File.WriteAllLinesAsync(
            Path.Combine(directory, "violations"), verdict.Violations.Select(violation => $"{violation.Harm}: {violation.Details}"));
        await KeepRunsAsync(verdict.Violations.SelectMany(violation => violation.Runs).Distinct().Take(MostRuns));
        KeepServerLogs();
    }

    private Task WriteAsync<T>(string name, IEnumerable<T> records) => File.WriteAllLinesAsync(
        Path.Combine(directory, $"{name}.jsonl"), records.Select(record => JsonSerializer.Serialize(record, JsonSerializerOptions.Web)));

    /// <summary>What the scheduler itself says of these runs. It judged nothing; it explains.</summary>
    private async Task KeepRunsAsync(IEnumerable<Guid> runs)
    {
        var folder = Directory.CreateDirectory(Path.Combine(directory, "runs")).FullName;
        foreach (var run in runs)
            await File.WriteAllTextAsync(Path.Combine(folder, $"{run}.json"), await AskAsync(run));
    }

    private async Task<string> AskAsync(Guid run)
    {
        var problem = "";
        foreach (var api in apis)
        {
            try
            {
                return await api.GetStringAsync(new Uri($"api/runs/{run}", UriKind.Relative));
            }
            catch (Exception unknown) when (unknown is HttpRequestException or OperationCanceledException)
            {
                problem = unknown.Message;
            }
        }

        return problem;
    }

    /// <summary>The servers' directories go with the servers.</summary>
    private void KeepServerLogs()
    {
        var servers = Path.Combine(directory, "servers");
        var database = Path.Combine(File.ReadAllText(Path.Combine(servers, "postgres.path")).Trim(), "log");
        var logs = Directory.GetFiles(Path.Combine(servers, "rabbitmq", "log"), "*.log").Append(database);
        foreach (var log in logs.Where(File.Exists))
            File.Copy(log, Path.Combine(directory, "logs", log == database ? "postgres.log" : Path.GetFileName(log)), overwrite: true);
    }
}
