using LoadBalancer.Contracts;
using LoadBalancer.Worker.Sessions;

namespace LoadBalancer.Worker.Tests.Sessions;

public sealed class AttemptLedgerTests
{
    private readonly AttemptLedger ledger = new();
    private readonly Guid run = Guid.NewGuid();

    [Theory]
    [InlineData(2, false)]
    [InlineData(1, false)]
    [InlineData(3, true)]
    public void Of_a_run_only_a_newer_attempt_is_taken(int attempt, bool taken)
    {
        Take(2);

        Assert.Equal(taken ? Intake.Taken : Intake.Known, ledger.Take(Attempt(attempt)).Answer);
    }

    [Fact]
    public void An_attempt_that_ended_is_not_taken_again()
    {
        var attempt = Take(1);
        ledger.Start(attempt);
        ledger.End(attempt);

        Assert.Equal(Intake.Known, ledger.Take(Attempt(1)).Answer);
    }

    [Fact]
    public void What_was_recalled_before_it_came_is_dropped_when_it_comes()
    {
        Assert.False(ledger.Recall(new RunAttempt(run, 1)));
        Assert.Equal(Intake.Known, ledger.Take(Attempt(1)).Answer);
        Assert.Equal(Intake.Taken, ledger.Take(Attempt(2)).Answer);
    }

    [Fact]
    public void What_was_stopped_before_it_came_never_starts()
    {
        Assert.Equal(StopAnswer.NeverStarted, ledger.Stop(new RunAttempt(run, 1), "cancelled"));
        Assert.Equal(Intake.Known, ledger.Take(Attempt(1)).Answer);
        Assert.Equal(StopAnswer.Over, ledger.Stop(new RunAttempt(run, 1), "cancelled"));
    }

    [Fact]
    public void A_recalled_attempt_does_not_start_and_a_started_one_is_not_recalled()
    {
        var recalled = Take(1);
        Assert.False(ledger.Recall(recalled.Id));
        Assert.False(ledger.Start(recalled));
        Assert.True(recalled.Decided.IsCompleted);

        var started = Take(2);
        Assert.True(ledger.Start(started));
        Assert.True(ledger.Recall(started.Id));
        Assert.False(started.Ending.IsCancellationRequested);
    }

    [Fact]
    public async Task Start_and_recall_at_once_never_both_succeed()
    {
        for (var attempt = 1; attempt <= 500; attempt++)
        {
            var taken = Take(attempt);
            var start = Task.Run(() => ledger.Start(taken), TestContext.Current.CancellationToken);
            var recall = Task.Run(() => ledger.Recall(taken.Id), TestContext.Current.CancellationToken);

            Assert.Equal(await start, await recall);
        }
    }

    [Fact]
    public void Draining_gives_back_what_is_held_and_takes_nothing_until_resumed()
    {
        var running = Take(1);
        ledger.Start(running);
        var held = ledger.Take(Attempt(1) with { RunId = Guid.NewGuid() }).Attempt!;

        Assert.Equal([held.Id], ledger.Drain());
        Assert.Equal(Intake.Closed, ledger.Take(Attempt(2)).Answer);
        ledger.Resume();
        Assert.Equal(Intake.Taken, ledger.Take(Attempt(3)).Answer);
        Assert.Equal([running.Id], ledger.Running);
    }

    private TestAttempt Take(int attempt) => ledger.Take(Attempt(attempt)).Attempt!;

    private RunTest Attempt(int attempt) => new() { RunId = run, Attempt = attempt, SessionId = Guid.Empty, TestId = "t" };
}
