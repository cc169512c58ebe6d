using System.Diagnostics;
using Npgsql;

namespace LoadBalancer.Throughput;

/// <summary>What the servers promise, so that a figure from careless settings is not taken for one.</summary>
internal static class Facts
{
    private static readonly string[] Durable = ["fsync", "full_page_writes", "synchronous_commit"];

    /// <exception cref="InvalidOperationException">A setting is not durable.</exception>
    public static async Task<Dictionary<string, object>> OfServersAsync()
    {
        var facts = new Dictionary<string, object>();
        await using var connection = new NpgsqlConnection($"{Setting.Database};Pooling=false");
        await connection.OpenAsync();
        foreach (var setting in Durable)
        {
            await using var command = new NpgsqlCommand($"SHOW {setting}", connection);
            facts[setting] = await command.ExecuteScalarAsync() is "on" ? "on" : throw new InvalidOperationException($"{setting} is not on");
        }

        facts["fsyncMs"] = FsyncMilliseconds();
        return facts;
    }

    /// <summary>The median of writing one page and making it durable, on the disk of the servers.</summary>
    private static double FsyncMilliseconds()
    {
        var file = Path.Combine(Setting.Of("LB_SERVERS_DIRECTORY"), "fsync");
        using var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        var page = new byte[8192];
        var times = new List<double>();
        for (var i = 0; i < 200; i++)
        {
            var began = Stopwatch.GetTimestamp();
            stream.Write(page);
            stream.Flush(flushToDisk: true);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        times.Sort();
        return Math.Round(times[times.Count / 2], 2);
    }
}
