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

    private readonly List<ResultStore> stores = [];

    public void Dispose()
    {
        stores.ForEach(store => store.Dispose());
        folder.Dispose();
    }

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
        Assert.Equal(0, new FileInfo(Journal).Length);
    }

    [Fact]
    public void A_line_that_cannot_be_read_hides_no_other()
    {
        File.WriteAllText(Journal, "{\nnull\n");
        Store().Keep(result);
        File.AppendAllText(Journal, "{\"SessionId\":\"cut");
        var next = Store();
        next.Load();
        Assert.Equal([result.Attempt], next.Attempts);

        var other = Another();
        next.Keep(other);
        var last = Store();
        last.Load();
        Assert.Equivalent(new[] { result.Attempt, other.Attempt }, last.Attempts);
    }

    [Fact]
    public void Results_that_are_confirmed_while_others_are_not_do_not_make_the_file_grow_for_ever()
    {
        var store = Store();
        store.Keep(result);
        var longest = 0L;
        for (var i = 0; i < 5_000; i++)
        {
            var other = Another();
            store.Keep(other);
            store.Forget([other.Attempt]);
            longest = Math.Max(longest, new FileInfo(Journal).Length);
        }

        var line = File.ReadAllLines(Journal)[0].Length;
        Assert.InRange(longest, 1_000 * line, 1_100 * line);
        var next = Store();
        next.Load();
        Assert.Equal([result.Attempt], next.Attempts);
    }

    [Fact]
    public void Beyond_a_bound_of_output_the_oldest_is_given_up()
    {
        var store = Store();
        var half = new string('x', 50 * 1024 * 1024);
        store.Keep(result);
        time.Advance(Patience);
        var large = Enumerable.Range(0, 3).Select(_ => Another(half)).ToList();
        large.ForEach(store.Keep);

        Assert.DoesNotContain(result.Attempt, store.Attempts);
        Assert.Contains(large[^1].Attempt, store.Attempts);
    }

    private string Journal => Path.Combine(folder.Path, "results.jsonl");

    private static StoredResult Another(string output = "") =>
        new(Guid.NewGuid(), new TestFinished { RunId = Guid.NewGuid(), Attempt = 1, Outcome = TestOutcome.Passed, OutputHead = output });

    private ResultStore Store()
    {
        var store = new ResultStore(folder.Path, time, NullLogger<ResultStore>.Instance);
        stores.Add(store);
        return store;
    }
}
