using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Persistence.Grouped;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Tests.Persistence;

/// <summary>What ended is deleted behind the cache's back, so the cache may never answer for it.</summary>
public sealed class RunCacheTests
{
    [Theory]
    [InlineData(RunStates.Completed)]
    [InlineData(RunStates.Failed)]
    [InlineData(RunStates.Cancelled)]
    public void A_run_that_has_ended_is_not_remembered_however_it_was_before(string state)
    {
        var cache = new RunCache();
        var run = new TestRun { CorrelationId = Guid.NewGuid(), CurrentState = RunStates.Running };
        cache.Keep(run);
        Assert.Same(run, cache.Find(run.CorrelationId));

        var ended = run.Copy();
        ended.CurrentState = state;
        ended.EndedAt = DateTimeOffset.UnixEpoch;
        cache.Keep(ended);

        Assert.Null(cache.Find(run.CorrelationId));
    }
}
