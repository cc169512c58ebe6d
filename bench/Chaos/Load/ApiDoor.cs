using System.Text;

namespace LoadBalancer.Chaos.Load;

/// <summary>
/// Posts to the schedulers' API: a standby's redirect to the leader is followed, and when an address gives no answer that says it is
/// stored, the next one is tried.
/// </summary>
internal sealed class ApiDoor(IReadOnlyList<HttpClient> apis) : IDoor
{
    private int current;

    public async Task<bool> TrySendAsync(string body, CancellationToken cancellationToken)
    {
        try
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var answer = await apis[current].PostAsync(new Uri("api/runs", UriKind.Relative), content, cancellationToken);
            if (answer.IsSuccessStatusCode)
                return true;
        }
        catch (Exception silent) when (silent is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // It may be stored or not; the same run id makes it one run.
        }

        current = (current + 1) % apis.Count;
        return false;
    }

    /// <summary>The clients are the fleet's.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
