using LoadBalancer.Chaos.Judging;

namespace LoadBalancer.Chaos.Load;

/// <summary>Sends each test by its door, with the same run id, until it is confirmed.</summary>
internal sealed class Submitter(IDoor queue, IDoor api, IReadOnlyList<PlannedTest> plan, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private readonly Dictionary<Guid, double> confirmedAt = [];

    /// <summary>All that was planned, and when it was confirmed.</summary>
    public IReadOnlyList<AskedTest> Asked
    {
        get
        {
            lock (gate)
            {
                return [.. plan.Select(test => test.Asked with
                {
                    ConfirmedAt = confirmedAt.TryGetValue(test.Asked.RunId, out var at) ? at : null,
                })];
            }
        }
    }

    /// <summary>Returns when everything planned is confirmed; what an absence delayed follows as fast as it goes.</summary>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        return Task.WhenAll(
            SendAsync(plan.Where(test => !test.ByApi), queue, started, cancellationToken),
            SendAsync(plan.Where(test => test.ByApi), api, started, cancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        await queue.DisposeAsync();
        await api.DisposeAsync();
    }

    private async Task SendAsync(IEnumerable<PlannedTest> tests, IDoor door, long started, CancellationToken cancellationToken)
    {
        var sendings = tests
            .SelectMany(test => test.Twice ? [(test.At, test), (At: test.At + RepeatAfter, test)] : new[] { (test.At, test) })
            .OrderBy(sending => sending.At);
        foreach (var (at, test) in sendings)
        {
            var wait = at - time.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, time, cancellationToken);

            while (!await door.TrySendAsync(test.Body.ToJsonString(), cancellationToken))
                await Task.Delay(RetryPause, time, cancellationToken);
            lock (gate)
                confirmedAt.TryAdd(test.Asked.RunId, Uptime.Now());
        }
    }
}
