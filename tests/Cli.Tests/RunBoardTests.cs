using LoadBalancer.Cli.Watching;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Tests;

public sealed class RunBoardTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly SubmitTest test = new() { TestId = "t", RunId = Guid.NewGuid(), Suite = "s" };

    [Fact]
    public void News_in_any_order_leaves_the_newest()
    {
        var board = RunBoard.Of([test], RunStates.Submitted, Start);

        Assert.True(board.Apply(Change(4, RunStates.Completed)));
        Assert.False(board.Apply(Change(3, RunStates.Running)));
        Assert.False(board.Apply(Change(4, RunStates.Completed)));

        Assert.True(board.Ended);
        Assert.Equal(RunStates.Completed, board.Runs.Single().State);
    }

    [Fact]
    public void A_list_with_the_same_sequence_brings_times_and_is_no_news()
    {
        var board = RunBoard.Of([test], RunStates.Submitted, Start);
        board.Apply(Change(2, RunStates.Running));

        Assert.False(board.Apply(board[test.RunId!.Value] with { WaitSeconds = 7 }));

        Assert.Equal(7, board.Runs.Single().WaitSeconds);
    }

    [Fact]
    public void A_board_of_submissions_ignores_other_runs_and_an_open_one_takes_them()
    {
        var (closed, open) = (RunBoard.Of([test], RunStates.Submitted, Start), RunBoard.Open());
        var other = Change(1, RunStates.Submitted) with { RunId = Guid.NewGuid() };

        Assert.False(closed.Apply(other));
        Assert.True(open.Apply(other));
        Assert.Equal((1, 1), (closed.Count, open.Count));
    }

    [Fact]
    public void A_refusal_ends_a_run_and_a_duplicate_does_not()
    {
        var board = RunBoard.Of([test], RunBoard.Sent, Start);

        Assert.False(board.Apply(Change(0, RunStates.Duplicate)));
        Assert.False(board.Ended);
        Assert.True(board.Apply(Change(0, RunStates.Refused)));
        Assert.True(board.Ended);
        Assert.Equal(1, board.Failures);
    }

    [Fact]
    public void Wait_and_run_time_follow_from_the_changes()
    {
        var board = RunBoard.Of([test], RunStates.Submitted, Start);

        board.Apply(Change(2, RunStates.Running) with { At = Start.AddSeconds(3), WorkerId = "w" });
        board.Apply(Change(3, RunStates.Completed) with { At = Start.AddSeconds(8), DurationSeconds = 4.5 });

        var run = board.Runs.Single();
        Assert.Equal((3.0, 4.5, "w"), (run.WaitSeconds, run.RunSeconds, run.WorkerId));
    }

    private TestRunChange Change(long sequence, string state) =>
        new() { RunId = test.RunId!.Value, TestId = "t", Suite = "s", Sequence = sequence, State = state, At = Start.AddSeconds(sequence) };
}
