using LoadBalancer.Contracts;
using LoadBalancer.Worker.Reporting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Worker.Tests.Reporting;

public sealed class ResultStoreTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly TemporaryFolder folder = new();
    private readonly FakeTimeProvider time = new();
    private readonly StoredResult result = new(
        Guid.NewGuid(), new TestFinished { RunId = Guid.NewGuid(), Attempt = 3, Outcome = TestOutcome.Failed, OutputHead = "out", ExitCode = 1 });

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_result_survives_its_process_and_is_due_at_once_in_the_next()
    {
        Store().Keep(result);
        var next = Store();
        next.Load();

        Assert.Equivalent(result, Assert.Single(next.TakeOverdue(Patience)), strict: true);
        Assert.Empty(next.TakeOverdue(Patience));
    }

    [Fact]
    public void A_result_is_due_again_after_the_patience_until_it_is_confirmed()
    {
        var store = Store();
        store.Keep(result);
        Assert.Empty(store.TakeOverdue(Patience));

        time.Advance(Patience);
        Assert.Single(store.TakeOverdue(Patience));

        time.Advance(Patience);
        store.Forget([result.Attempt, new RunAttempt(Guid.NewGuid(), 1)]);
        Assert.Empty(store.TakeOverdue(Patience));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_file_that_cannot_be_read_hides_no_other()
    {
        var store = Store();
        store.Keep(result);
        folder.Write("broken.json", "{");
        folder.Write("null.json", "null");
        var next = Store();
        next.Load();

        Assert.Equal([result.Attempt], next.Attempts);
    }

    private ResultStore Store() => new(folder.Path, time, NullLogger<ResultStore>.Instance);
}
