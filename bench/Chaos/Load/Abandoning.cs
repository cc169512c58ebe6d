namespace LoadBalancer.Chaos.Load;

/// <summary>Ends connections to a broker that may be dead or frozen.</summary>
internal static class Abandoning
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    public static async Task DisposeAsync(params IAsyncDisposable?[] resources)
    {
        foreach (var resource in resources.OfType<IAsyncDisposable>())
            await resource.DisposeAsync().AsTask().WaitAsync(Limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
