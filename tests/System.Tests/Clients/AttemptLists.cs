using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoadBalancer.System.Tests.Clients;

/// <summary>The three lists of a scripted worker's heartbeats. An attempt is on one of them at most, and is never taken twice.</summary>
internal sealed class AttemptLists
{
    public const string Held = "held", Running = "running", Unconfirmed = "unconfirmed", Nowhere = "nowhere";

    private readonly Lock gate = new();
    private readonly Dictionary<(Guid RunId, int Attempt), string> known = [];

    /// <returns>False when it came before.</returns>
    public bool TryTake(Guid runId, int attempt)
    {
        lock (gate)
        {
            return known.TryAdd((runId, attempt), Held);
        }
    }

    public void Put(Guid runId, int attempt, string list)
    {
        lock (gate)
        {
            known[(runId, attempt)] = list;
        }
    }

    /// <summary>Takes the results that an answer names as stored off their list.</summary>
    public void Forget(JsonElement answer)
    {
        if (!answer.TryGetProperty("storedResults", out var stored))
        {
            return;
        }

        foreach (var result in stored.EnumerateArray())
        {
            Put(result.GetProperty("runId").GetGuid(), result.GetProperty("attempt").GetInt32(), Nowhere);
        }
    }

    public void AddTo(JsonObject heartbeat)
    {
        lock (gate)
        {
            foreach (var list in (string[])[Held, Running, Unconfirmed])
            {
                heartbeat[list] = new JsonArray([.. known.Where(entry => entry.Value == list)
                    .Select(entry => new JsonObject { ["runId"] = entry.Key.RunId, ["attempt"] = entry.Key.Attempt })]);
            }
        }
    }
}
