using System.Net.Http.Json;
using System.Text.Json;

namespace LoadBalancer.System.Tests.Servers;

/// <summary>One test's part of the broker, seen and disturbed through the management API.</summary>
internal sealed class VirtualHost(Uri url, string name, HttpClient management) : IAsyncDisposable
{
    public Uri Url => url;

    public Task<JsonElement[]> QueuesAsync() => ListAsync($"queues/{name}");

    public Task<JsonElement[]> ExchangesAsync() => ListAsync($"exchanges/{name}");

    /// <summary>What is bound from an exchange.</summary>
    public Task<JsonElement[]> BindingsFromAsync(string exchange) => ListAsync($"exchanges/{name}/{exchange}/bindings/source");

    public Task DeleteQueueAsync(string queue) => DeleteAsync($"queues/{name}/{queue}");

    public Task DeleteExchangeAsync(string exchange) => DeleteAsync($"exchanges/{name}/{exchange}");

    /// <summary>Makes a user with rights on this virtual host only, and returns its address.</summary>
    public async Task<Uri> NewUserAsync(string configure, string write, string read)
    {
        var user = $"u{Guid.NewGuid():N}";
        using var created = await management.PutAsJsonAsync($"users/{user}", new { password = user, tags = "" });
        created.EnsureSuccessStatusCode();
        using var granted = await management.PutAsJsonAsync($"permissions/{name}/{user}", new { configure, write, read });
        granted.EnsureSuccessStatusCode();
        return new UriBuilder(url) { UserName = user, Password = user }.Uri;
    }

    public async ValueTask DisposeAsync() => await DeleteAsync($"vhosts/{name}");

    private async Task<JsonElement[]> ListAsync(string path) => await management.GetFromJsonAsync<JsonElement[]>(path) ?? [];

    private async Task DeleteAsync(string path)
    {
        using var answer = await management.DeleteAsync(path);
        answer.EnsureSuccessStatusCode();
    }
}
