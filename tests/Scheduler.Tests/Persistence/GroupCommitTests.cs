using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Persistence.Grouped;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Scheduler.Tests.Persistence;

/// <summary>What commits with what, and what becomes of the others when one cannot be stored.</summary>
public sealed class GroupCommitTests
{
    [Fact]
    public async Task What_is_ready_while_a_commit_is_under_way_commits_together()
    {
        await using var writer = new Writer();
        var first = writer.Commit(New());
        await writer.Storing;
        var others = Enumerable.Range(0, 200).Select(_ => writer.Commit(New())).ToList();

        writer.Release();
        await Task.WhenAll([first, .. others]);

        Assert.Equal([1, 200], writer.Stored);
    }

    [Fact]
    public async Task An_entry_that_cannot_be_stored_fails_alone_in_a_batch_of_200()
    {
        var poisoned = New();
        await using var writer = new Writer(batch =>
        {
            if (batch.Contains(poisoned))
                throw new InvalidOperationException("poisoned");
        });
        var runs = Enumerable.Range(0, 200).Select(i => i == 77 ? poisoned : New()).ToList();

        var commits = await writer.CommitTogetherAsync(runs);

        var failed = Assert.Single(commits, commit => !commit.IsCompletedSuccessfully);
        Assert.Equal("poisoned", failed.Exception!.InnerException!.Message);
        Assert.Same(failed, commits[77]);
        Assert.Equal(199, writer.Stored.Sum() - 1);
        // Halves find it: two commits for each halving, not one for each entry.
        Assert.InRange(writer.Stored.Count, 2, 1 + (2 * 8));
        Assert.All(runs, run => Assert.Equal(run != poisoned, writer.Cache.Find(run.Run.CorrelationId) is not null));
    }

    [Fact]
    public async Task An_entry_whose_run_somebody_else_changed_fails_as_a_conflict_and_the_others_are_stored()
    {
        var stale = New();
        await using var writer = new Writer(batch =>
        {
            if (batch.Contains(stale))
                throw new StaleRunsException([stale]);
        });

        var commits = await writer.CommitTogetherAsync([New(), stale, New()]);

        Assert.IsType<DbUpdateConcurrencyException>(commits[1].Exception!.InnerException);
        Assert.True(commits[0].IsCompletedSuccessfully && commits[2].IsCompletedSuccessfully);
        Assert.Equal([1, 2], writer.Stored);
    }

    [Fact]
    public async Task When_it_is_unknown_whether_a_commit_is_durable_nothing_is_remembered_and_everybody_is_told()
    {
        await using var writer = new Writer(batch =>
        {
            if (batch.Count > 1)
                throw new EndOfStreamException("the connection broke");
        });
        var runs = Enumerable.Range(0, 20).Select(_ => New()).ToList();
        runs.ForEach(run => writer.Cache.Keep(run.Run.Copy()));

        var commits = await writer.CommitTogetherAsync(runs);

        Assert.All(commits, commit => Assert.IsType<EndOfStreamException>(commit.Exception!.InnerException));
        Assert.All(runs, run => Assert.Null(writer.Cache.Find(run.Run.CorrelationId)));
        Assert.Equal(2, writer.Tries);
    }

    [Fact]
    public async Task An_entry_counts_as_done_after_it_was_told()
    {
        await using var writer = new Writer();
        var run = New();

        writer.Release();
        await writer.Commit(run);

        Assert.Equal([run.Run.CorrelationId], writer.Told);
        Assert.Same(run.Run, writer.Cache.Find(run.Run.CorrelationId));
    }

    [Fact]
    public async Task Whoever_fails_over_what_was_committed_keeps_nothing_from_being_stored_and_told()
    {
        await using var writer = new Writer(heard: _ => throw new InvalidOperationException("it did not expect that"));
        writer.Release();
        var runs = new[] { New(), New() };

        foreach (var run in runs)
            await writer.Commit(run).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(runs.Select(run => run.Run.CorrelationId), writer.Told);
    }

    [Fact]
    public async Task What_is_long_commits_in_several_parts()
    {
        await using var writer = new Writer();

        await writer.CommitTogetherAsync([.. Enumerable.Range(0, 100).Select(_ => New(new string('x', 1 << 20)))]);

        Assert.Equal(101, writer.Stored.Sum());
        Assert.All(writer.Stored, size => Assert.InRange(size, 1, 33));
    }

    private static RunWrite New(string argument = "") => new(
        new TestRun
        {
            CorrelationId = Guid.NewGuid(),
            CurrentState = RunStates.Submitted,
            Version = 1,
            Submission = new SubmitTest { TestId = "test", Command = new TestCommand { Executable = "/bin/sh", Arguments = [argument] } },
        },
        isNew: true,
        isChanged: true);

    /// <summary>A group commit whose first store waits until it is released.</summary>
    private sealed class Writer : IAsyncDisposable
    {
        private readonly TaskCompletionSource storing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly RunCommits commits = new();
        private readonly GroupCommit group;

        public Writer(Action<IReadOnlyList<RunWrite>>? check = null, Action<RunsCommitted>? heard = null)
        {
            if (heard is not null)
                commits.Listen(heard);
            commits.Listen(committed => Told.AddRange(committed.Runs.Select(run => run.CorrelationId)));
            group = new GroupCommit(
                async batch =>
                {
                    Tries++;
                    storing.TrySetResult();
                    await released.Task;
                    check?.Invoke(batch);
                    Stored.Add(batch.Count);
                    return new RunsCommitted([.. batch.Select(write => write.Run)], [], []);
                },
                Cache,
                commits,
                NullLogger<GroupCommit>.Instance);
        }

        public RunCache Cache { get; } = new();

        public List<Guid> Told { get; } = [];

        /// <summary>The sizes of the batches.</summary>
        public List<int> Stored { get; } = [];

        public int Tries { get; private set; }

        public Task Storing => storing.Task;

        public Task Commit(RunWrite write) => group.CommitAsync(write);

        /// <summary>One goes ahead, so that the others are ready together.</summary>
        public async Task<IReadOnlyList<Task>> CommitTogetherAsync(IReadOnlyList<RunWrite> runs)
        {
            var ahead = Commit(New());
            await Storing;
            var all = runs.Select(Commit).ToList();
            Release();
            await ahead;
            await Task.WhenAll(all).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return all;
        }

        public void Release() => released.TrySetResult();

        public async ValueTask DisposeAsync()
        {
            Release();
            await group.DisposeAsync();
        }
    }
}
