using LoadBalancer.Chaos.Judging;
using LoadBalancer.Contracts;

namespace LoadBalancer.Chaos.Tests;

public sealed class JudgeTests
{
    [Fact]
    public void Tests_that_ran_where_and_when_they_may_and_ended_once_are_clean()
    {
        var verdict = new Lives()
            .Asked(1, keys: ["k"]).Ran(1, 1, 2).Announced(1, 3)
            .Asked(2, keys: ["k"], device: ("cuda", 0.5)).Ran(2, 2, 3, devices: "cuda:0").Announced(2, 3)
            .Asked(3, device: ("cuda", 0.5), site: "north").Ran(3, 2.5, 3.5, devices: "cuda:0").Announced(3, 3)
            .Asked(4, ending: Ending.Fails).Ran(4, 4, 5, worker: "south").Announced(4, 3, RunStates.Failed, FailureKinds.TestFailed)
            .Judged();

        Assert.True(verdict.IsClean);
        Assert.Equal((4, 4), (verdict.Submitted, verdict.Terminal));
    }

    [Fact]
    public void A_confirmed_test_that_never_ended_is_lost_and_an_unconfirmed_one_is_not()
    {
        var verdict = new Lives().Asked(1).Announced(1, 2, RunStates.Running).Asked(2, confirmedAt: null).Judged();

        AssertOnly(Harm.Lost, verdict);
        Assert.Equal((1, 0), (verdict.Submitted, verdict.Terminal));
        Assert.False(verdict.IsClean);
    }

    [Fact]
    public void A_refused_test_is_lost() => AssertOnly(Harm.Lost, new Lives().Asked(1).Announced(1, 1, RunStates.Refused).Judged());

    [Fact]
    public void A_run_that_ended_twice_is_accepted_twice() => AssertOnly(
        Harm.DoubleAccepted, new Lives().Asked(1).Ran(1, 1, 2).Announced(1, 3).Announced(1, 4, attempt: 2).Judged());

    [Fact]
    public void A_repeated_announcement_is_no_second_end() => Assert.True(
        new Lives().Asked(1).Ran(1, 1, 2).Announced(1, 3).Announced(1, 3).Judged().IsClean);

    [Fact]
    public void Two_attempts_that_lived_at_the_same_time_are_accepted_twice() => AssertOnly(
        Harm.DoubleAccepted,
        new Lives().Asked(1).Ran(1, 1, 3).Ran(1, 2.9, 4, attempt: 2, worker: "south").Announced(1, 3).Judged());

    [Fact]
    public void One_attempt_that_was_started_twice_is_accepted_twice() => AssertOnly(
        Harm.DoubleAccepted, new Lives().Asked(1).Ran(1, 1, 3).Ran(1, 2, 4).Announced(1, 3).Judged());

    [Fact]
    public void A_run_that_is_doubled_in_both_ways_counts_once() => AssertOnly(
        Harm.DoubleAccepted,
        new Lives().Asked(1).Ran(1, 1, 3).Ran(1, 2, 4, attempt: 2, worker: "south").Announced(1, 3).Announced(1, 4, attempt: 2).Judged());

    [Fact]
    public void A_killed_attempt_lived_until_its_last_line()
    {
        var lives = new Lives().Asked(1).Ran(1, 1, 3, killed: true).Announced(1, 3, attempt: 2);

        Assert.True(lives.Ran(1, 3, 4, attempt: 2, worker: "south").Judged().IsClean);
        AssertOnly(Harm.DoubleAccepted, lives.Ran(1, 2.99, 4, attempt: 3, worker: "south").Judged(), alsoOversubscribed: true);
    }

    [Fact]
    public void Runs_that_share_a_key_must_not_live_at_the_same_time() => AssertOnly(
        Harm.OverlappingKeys,
        new Lives()
            .Asked(1, keys: ["a", "b"]).Ran(1, 1, 3).Announced(1, 3)
            .Asked(2, keys: ["b", "c"]).Ran(2, 2, 4, worker: "south").Announced(2, 3)
            .Asked(3, keys: ["d"]).Ran(3, 2, 4).Announced(3, 3)
            .Judged());

    [Fact]
    public void A_worker_with_more_processes_than_slots_is_oversubscribed_from_the_start_of_the_last() => AssertOnly(
        Harm.Oversubscribed,
        new Lives()
            .Asked(1).Ran(1, 1, 5).Announced(1, 3)
            .Asked(2).Ran(2, 2, 5).Announced(2, 3)
            .Asked(3).Ran(3, 4.99, 6).Announced(3, 3)
            .Judged());

    [Fact]
    public void Processes_that_start_in_the_same_instant_count_together() => AssertOnly(
        Harm.Oversubscribed,
        new Lives()
            .Asked(1).Ran(1, 1, 5, worker: "south").Announced(1, 3)
            .Asked(2).Ran(2, 1, 5, worker: "south").Announced(2, 3)
            .Judged());

    [Theory]
    [InlineData(0.5, 0.6, true)]
    [InlineData(0.5, 0.5, false)]
    [InlineData(1, 0.1, true)]
    public void A_device_gives_no_more_than_itself(double one, double other, bool isTooMuch)
    {
        var verdict = new Lives()
            .Asked(1, device: ("cuda", one)).Ran(1, 1, 3, devices: "cuda:0").Announced(1, 3)
            .Asked(2, device: ("cuda", other)).Ran(2, 2, 4, devices: "cuda:0").Announced(2, 3)
            .Judged();

        Assert.Equal(isTooMuch ? 1 : 0, verdict.Count(Harm.Oversubscribed));
        Assert.Equal(!isTooMuch, verdict.IsClean);
    }

    [Fact]
    public void A_process_on_a_worker_without_the_label_is_misplaced() => AssertOnly(
        Harm.Misplaced, new Lives().Asked(1, site: "south").Ran(1, 1, 2, worker: "north").Announced(1, 3).Judged());

    [Theory]
    [InlineData("south", "cuda:0", 1)] // the worker has none
    [InlineData("north", "-", 1)] // it was given none
    [InlineData("north", "cuda:0,cuda:1", 2)] // the worker has only one
    [InlineData("north", "rocm:0", 1)]
    [InlineData("nowhere", "cuda:0", 1)]
    public void A_process_without_the_devices_it_needs_is_misplaced(string worker, string devices, double amount) => AssertOnly(
        Harm.Misplaced,
        new Lives().Asked(1, device: ("cuda", amount)).Ran(1, 1, 2, worker: worker, devices: devices).Announced(1, 3).Judged());

    [Fact]
    public void A_process_that_nobody_asked_for_is_misplaced() => AssertOnly(Harm.Misplaced, new Lives().Ran(1, 1, 2).Judged());

    [Theory]
    [InlineData(RunStates.Failed, FailureKinds.TestFailed, nameof(Ending.Passes))]
    [InlineData(RunStates.Failed, FailureKinds.Unschedulable, nameof(Ending.Passes))]
    [InlineData(RunStates.Completed, null, nameof(Ending.Fails))]
    [InlineData(RunStates.Failed, FailureKinds.TestFailed, nameof(Ending.TimesOut))]
    public void An_end_that_the_program_did_not_choose_is_wrong(string state, string? kind, string ending) => AssertOnly(
        Harm.WrongVerdict, new Lives().Asked(1, ending: Enum.Parse<Ending>(ending)).Ran(1, 1, 2).Announced(1, 3, state, kind).Judged());

    [Theory]
    [InlineData(0, 3, true)]
    [InlineData(2, 3, false)]
    public void A_time_limit_that_a_frozen_worker_could_not_keep_is_explained(double from, double to, bool isExplained)
    {
        var verdict = new Lives().Asked(1, ending: Ending.TimesOut).Ran(1, 0.5, 1).Frozen("north", from, to).Announced(1, 3).Judged();

        Assert.Equal(isExplained ? 0 : 1, verdict.Count(Harm.WrongVerdict));
    }

    [Theory]
    [InlineData(RunStates.Completed, null, nameof(Ending.Passes))]
    [InlineData(RunStates.Failed, FailureKinds.TestFailed, nameof(Ending.Fails))]
    public void A_verdict_on_an_attempt_that_did_not_run_to_its_end_is_wrong(string state, string? kind, string ending) => AssertOnly(
        Harm.WrongVerdict,
        new Lives().Asked(1, ending: Enum.Parse<Ending>(ending)).Ran(1, 1, 2).Ran(1, 3, 4, attempt: 2, killed: true).Announced(1, 3, state, kind, attempt: 2).Judged());

    [Fact]
    public void What_the_broker_never_confirmed_is_told()
    {
        var verdict = new Lives().Asked(1, confirmedAt: null).Judged();

        Assert.Equal((0, 1), (verdict.Submitted, verdict.Unconfirmed));
        Assert.False(verdict.IsClean);
    }

    [Fact]
    public void A_run_given_up_after_lost_workers_is_counted_and_no_harm()
    {
        var verdict = new Lives().Asked(1).Announced(1, 3, RunStates.Failed, FailureKinds.WorkerLost).Judged();

        Assert.True(verdict.IsClean);
        Assert.Equal(1, verdict.LostToInfrastructure);
    }

    [Fact]
    public void What_the_script_cannot_have_written_is_unreadable()
    {
        var line = $"start 1.00 {Lives.Run(1)} 1 north 7 - -";

        var journal = Journal.Read([line, "start 1.00", line.Replace("start", "begin", StringComparison.Ordinal), ""]);

        Assert.Single(journal.Executions);
        Assert.Equal(3, journal.Unreadable.Count);
    }

    private static void AssertOnly(Harm harm, Verdict verdict, bool alsoOversubscribed = false)
    {
        Assert.False(verdict.IsClean);
        Assert.Equal(1, verdict.Count(harm));
        Assert.All(verdict.Violations, found => Assert.True(found.Harm == harm || (alsoOversubscribed && found.Harm == Harm.Oversubscribed), found.Details));
    }
}
