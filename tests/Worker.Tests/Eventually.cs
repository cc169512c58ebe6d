namespace LoadBalancer.Worker.Tests;

/// <summary>Waits for what must come, with a generous limit.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task HoldsAsync(Func<bool> condition, string claim)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Limit, $"not within {Limit}: {claim}");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    public static async Task<T> SeesAsync<T>(Func<T?> find, string claim) where T : class
    {
        T? found = null;
        await HoldsAsync(() => (found = find()) is not null, claim);
        return found!;
    }
}
