using System.Net.Http.Json;
using System.Text.Json;

namespace LoadBalancer.System.Tests.Servers;

/// <summary>One test's part of the broker, seen and disturbed through the management API.</summary>
internal sealed class VirtualHost(Uri url, string name, HttpClient management) : IAsyncDisposable
{
    public Uri Url => url;

    public Task<JsonElement[]> QueuesAsync() => ListAsync($"queues/{name}");

    /// <summary>Messages of a queue that nobody has taken yet.</summary>
    public async Task<int> ReadyMessagesAsync(string queue) =>
        (await QueuesAsync()).Where(q => q.GetProperty("name").GetString() == queue)
        .Sum(q => q.TryGetProperty("messages_ready", out var count) ? count.GetInt32() : 0);

    public Task<JsonElement[]> ExchangesAsync() => ListAsync($"exchanges/{name}");

    /// <summary>What is bound from an exchange.</summary>
    public Task<JsonElement[]> BindingsFromAsync(string exchange) => ListAsync($"exchanges/{name}/{exchange}/bindings/source");

    public Task DeleteQueueAsync(string queue) => DeleteAsync($"queues/{name}/{queue}");

    public Task DeleteExchangeAsync(string exchange) => DeleteAsync($"exchanges/{name}/{exchange}");

    public Task PurgeAsync(string queue) => DeleteAsync($"queues/{name}/{queue}/contents");

    /// <summary>Queues whose name matches take no more than so many messages and refuse the rest.</summary>
    public async Task LimitQueuesAsync(string pattern, int maxLength)
    {
        var definition = new Dictionary<string, object> { ["max-length"] = maxLength, ["overflow"] = "reject-publish" };
        var policy = new Dictionary<string, object> { ["pattern"] = pattern, ["definition"] = definition, ["apply-to"] = "queues" };
        using var set = await management.PutAsJsonAsync($"policies/{name}/limit", policy);
        set.EnsureSuccessStatusCode();
    }

    public Task LiftLimitAsync() => DeleteAsync($"policies/{name}/limit");

    /// <summary>Closes the connections of one client, or of all, as an operator does.</summary>
    /// <param name="client">The name that the client gave its connection begins with this.</param>
    /// <returns>How many there were.</returns>
    public async Task<int> CutConnectionsAsync(string client = "")
    {
        var connections = (await ListAsync($"vhosts/{name}/connections")).Where(connection => ClientOf(connection).StartsWith(client, StringComparison.Ordinal)).ToList();
        foreach (var connection in connections)
        {
            // It may have ended by itself since.
            using var closed = await management.DeleteAsync($"connections/{Uri.EscapeDataString(connection.GetProperty("name").GetString()!)}");
        }

        return connections.Count;
    }

    /// <summary>Makes a user with rights on this virtual host only, and returns its address.</summary>
    public async Task<Uri> NewUserAsync(string configure, string write, string read)
    {
        var user = $"u{Guid.NewGuid():N}";
        var address = new UriBuilder(url) { UserName = user, Password = user }.Uri;
        await SetPasswordAsync(address, user);
        await SetRightsAsync(address, configure, write, read);
        return address;
    }

    public async Task SetPasswordAsync(Uri user, string password)
    {
        using var set = await management.PutAsJsonAsync($"users/{UserOf(user)}", new { password, tags = "" });
        set.EnsureSuccessStatusCode();
    }

    /// <summary>Rights count for what a client opens from now on: a channel remembers what its user was allowed.</summary>
    public async Task SetRightsAsync(Uri user, string configure, string write, string read)
    {
        using var granted = await management.PutAsJsonAsync($"permissions/{name}/{UserOf(user)}", new { configure, write, read });
        granted.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync() => await DeleteAsync($"vhosts/{name}");

    private static string UserOf(Uri address) => address.UserInfo.Split(':')[0];

    private static string ClientOf(JsonElement connection) =>
        connection.GetProperty("client_properties").TryGetProperty("connection_name", out var client) ? client.GetString() ?? "" : "";

    private async Task<JsonElement[]> ListAsync(string path) => await management.GetFromJsonAsync<JsonElement[]>(path) ?? [];

    private async Task DeleteAsync(string path)
    {
        using var answer = await management.DeleteAsync(path);
        answer.EnsureSuccessStatusCode();
    }
}
