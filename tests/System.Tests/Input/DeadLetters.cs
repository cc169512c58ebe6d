using LoadBalancer.System.Tests.Clients;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace LoadBalancer.System.Tests.Input;

/// <summary>What a queue could not deal with.</summary>
internal static class DeadLetters
{
    /// <summary>Message ids to reasons, once so many are there; fewer when no more come, so that the missing ones can be named.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> TakeAsync(RawClient client, string queue, int count)
    {
        var letters = new List<BasicGetResult>();
        try
        {
            await Eventually.TrueAsync($"{count} messages in {queue}_error", async () =>
            {
                letters.AddRange(await TakeAllAsync(client, $"{queue}_error"));
                return letters.Count >= count;
            });
        }
        catch (TimeoutException)
        {
            // The caller names what is missing.
        }

        return letters.ToDictionary(
            letter => letter.BasicProperties.MessageId ?? "",
            letter => RawClient.Header(letter, "MT-Fault-Message"));
    }

    /// <summary>The broker closes the connection of whoever asks a queue that is just being made; the client connects again by itself.</summary>
    private static async Task<IReadOnlyList<BasicGetResult>> TakeAllAsync(RawClient client, string queue)
    {
        try
        {
            return await client.TakeAllAsync(queue);
        }
        catch (AlreadyClosedException)
        {
            return [];
        }
    }
}
