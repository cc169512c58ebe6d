using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Threading.Channels;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Api;

/// <summary>
/// The scheduler's changes as they come. A stream that drops is opened again, after the last event seen;
/// whoever needs certainty polls beside it.
/// </summary>
internal sealed class ChangeStream(SchedulerClient client, string? suite, TimeProvider time)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? lastEventId;

    public bool Connected { get; private set; }

    /// <summary>Ends when the first connection is established: from then on no change is missed.</summary>
    public Task Listening => listening.Task;

    /// <summary>Writes the changes until cancelled.</summary>
    public async Task Pump(ChannelWriter<TestRunChange?> writer, CancellationToken cancel)
    {
        var pause = ShortestPause;
        while (true)
        {
            if (await ReadOnce(writer, cancel)) pause = ShortestPause;
            await Task.Delay(pause, time, cancel);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>One connection, to its end. True when it was established.</summary>
    private async Task<bool> ReadOnce(ChannelWriter<TestRunChange?> writer, CancellationToken cancel)
    {
        try
        {
            using var answer = await client.OpenChanges(suite, lastEventId, cancel);
            await using var body = await answer.Content.ReadAsStreamAsync(cancel);
            Connected = true;
            listening.TrySetResult();
            await foreach (var item in SseParser.Create(body).EnumerateAsync(cancel))
            {
                if (!string.IsNullOrEmpty(item.EventId)) lastEventId = item.EventId;
                if (item.EventType == "change" && JsonSerializer.Deserialize<TestRunChange>(item.Data, Json.Options) is { } change)
                    await writer.WriteAsync(change, cancel);
            }
        }
        catch (Exception e) when (!cancel.IsCancellationRequested && e is LbException or IOException or HttpRequestException or JsonException)
        {
            // The poll beside this stream reports an unreachable scheduler; here only the pause matters.
        }

        var wasConnected = Connected;
        Connected = false;
        return wasConnected;
    }
}
