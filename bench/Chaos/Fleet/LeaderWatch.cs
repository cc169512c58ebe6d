using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using LoadBalancer.Chaos.Judging;

namespace LoadBalancer.Chaos.Fleet;

/// <summary>Asks every scheduler all the time whether it leads and is ready.</summary>
internal sealed class LeaderWatch(IReadOnlyList<string> names, IReadOnlyList<HttpClient> apis, TimeProvider time, Action<string> say)
{
    private const double StillLeads = 1;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly List<Leadership> seen = [];

    /// <summary>Who led, in that order; one that led on after it was away is there once.</summary>
    public IReadOnlyList<Leadership> Seen
    {
        get
        {
            lock (gate)
                return [.. seen];
        }
    }

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(names.Zip(apis, (name, api) => WatchAsync(name, api, cancellationToken)));

    private async Task WatchAsync(string name, HttpClient api, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (await LeadsAsync(api, cancellationToken))
                Note(name);
            await Task.Delay(Interval, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<bool> LeadsAsync(HttpClient api, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            using var answer = await api.GetAsync(new Uri("health/ready", UriKind.Relative), limit.Token);
            return answer.IsSuccessStatusCode
                && (await answer.Content.ReadFromJsonAsync<JsonElement>(limit.Token)).GetProperty("role").GetString() == "leader";
        }
        catch (Exception silent) when (silent is HttpRequestException or OperationCanceledException or IOException)
        {
            return false;
        }
    }

    private void Note(string name)
    {
        var now = Uptime.Now();
        lock (gate)
        {
            if (seen is [.., var last] && last.Scheduler == name)
            {
                seen[^1] = last with { LastSeen = now };
                return;
            }

            // One that wakes says that it leads until it has looked.
            if (seen is [.., var current] && now - current.LastSeen < StillLeads)
                return;

            seen.Add(new Leadership(name, now, now));
        }

        say(string.Create(CultureInfo.InvariantCulture, $"{now:0.00} {name} leads and is ready"));
    }
}
