using System.Diagnostics;

namespace LoadBalancer.System.Tests;

/// <summary>Waits for a condition instead of for a time. The limit is generous: it only decides how long a failing test takes.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    public static Task TrueAsync(string what, Func<bool> condition, TimeSpan? limit = null) =>
        TrueAsync(what, () => Task.FromResult(condition()), limit);

    public static Task TrueAsync(string what, Func<Task<bool>> condition, TimeSpan? limit = null) =>
        GetAsync(what, async () => await condition() ? what : null, limit);

    /// <summary>The first value that is not null. An HTTP error counts as null: the process may only just be starting.</summary>
    public static async Task<T> GetAsync<T>(string what, Func<Task<T?>> attempt, TimeSpan? limit = null) where T : class
    {
        var started = Stopwatch.GetTimestamp();
        Exception? last = null;
        while (Stopwatch.GetElapsedTime(started) < (limit ?? Limit))
        {
            try
            {
                if (await attempt() is { } value)
                {
                    return value;
                }

                last = null;
            }
            catch (HttpRequestException e)
            {
                last = e;
            }

            await Task.Delay(Interval);
        }

        throw new TimeoutException($"not within {(limit ?? Limit).TotalSeconds} s: {what}", last);
    }
}
