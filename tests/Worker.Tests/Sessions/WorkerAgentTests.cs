using LoadBalancer.Contracts;
using LoadBalancer.Worker.Sessions;

namespace LoadBalancer.Worker.Tests.Sessions;

public sealed class WorkerAgentTests
{
    [Fact]
    public async Task A_worker_registers_with_what_it_is_and_names_its_last_accepted_session()
    {
        await using var bench = await AgentBench.StartedAsync();
        var first = bench.Session;
        await bench.StopWorkerAsync();
        bench.StartWorker();
        await Eventually.HoldsAsync(() => bench.Session != first, "the second session");

        var registrations = bench.Scheduler.All<WorkerRegistered>().ToList();
        Assert.Equal((2, null, "test"), (registrations[0].Slots, registrations[0].PreviousSessionId, registrations[0].Capabilities.Hostname));
        Assert.Equal(Names.WorkerReply(AgentBench.WorkerId, first), registrations[0].ReplyTo);
        Assert.Equal(first, registrations[^1].PreviousSessionId);
    }

    [Fact]
    public async Task A_refused_worker_asks_again_in_the_same_session_until_it_is_accepted()
    {
        await using var bench = await AgentBench.CreateAsync();
        bench.Scheduler.Refusal = "another live worker has this id";
        bench.StartWorker();
        await Eventually.HoldsAsync(() => bench.Scheduler.All<WorkerRegistered>().Count() == 2, "a second request");
        Assert.Empty(bench.Scheduler.Heartbeats);

        bench.Scheduler.Refusal = null;

        await bench.AcceptedAsync();
        Assert.Single(bench.Scheduler.SessionsRegistered);
    }

    [Fact]
    public async Task A_session_that_had_ended_before_its_acceptance_was_heard_gives_way_to_a_new_one_that_names_it()
    {
        await using var bench = await AgentBench.CreateAsync();
        bench.Scheduler.Refusal = "not yet";
        bench.StartWorker();
        await Eventually.HoldsAsync(() => bench.Scheduler.SessionsRegistered.Any(), "a request");
        var ended = bench.Scheduler.SessionsRegistered.Single();

        (bench.Scheduler.EndedSession, bench.Scheduler.Refusal) = (ended, null);

        await bench.AcceptedAsync();
        Assert.NotEqual(ended, bench.Session);
        Assert.Equal([ended], bench.Scheduler.All<WorkerRegistered>().Last().AskedSessionIds);
    }

    [Fact]
    public async Task A_run_is_reported_started_and_finished_with_its_own_ids()
    {
        await using var bench = await AgentBench.StartedAsync();
        var run = await bench.AssignedAndStartedAsync();
        await Eventually.HoldsAsync(
            () => bench.Scheduler.Heartbeats.Any(heartbeat => heartbeat.Running.Contains(new RunAttempt(run.RunId, 1))), "it is listed as running");
        bench.Executor.End(run.RunId);

        Assert.Equal(TestOutcome.Passed, (await bench.FinishedAsync(run)).Outcome);
    }

    [Fact]
    public async Task A_run_without_an_executor_of_its_own_is_a_process()
    {
        await using var bench = await AgentBench.StartedAsync();
        var run = bench.Run() with { TestType = "unit", Command = new TestCommand { Executable = "echo", Arguments = ["hello"] } };
        await bench.AssignAsync(run);

        var finished = await bench.FinishedAsync(run);

        Assert.Equal((TestOutcome.Passed, "hello\n"), (finished.Outcome, finished.OutputHead));
    }

    [Fact]
    public async Task Duplicates_older_attempts_and_runs_of_another_session_are_dropped()
    {
        await using var bench = await AgentBench.StartedAsync();
        var run = bench.Run(attempt: 2);
        await bench.AssignAsync(run);
        await Eventually.HoldsAsync(() => bench.Executor.Started.Count == 1, "the run started");
        await bench.AssignAsync(run);
        await bench.AssignAsync(run with { Attempt = 1 });
        await bench.AssignAsync(bench.Run() with { SessionId = Guid.NewGuid() });
        bench.Executor.End(run.RunId);
        await bench.FinishedAsync(run);
        await bench.AssignAsync(run);

        await bench.FenceAsync();
        Assert.Equal(2, bench.Executor.Started.Count);
    }

    [Fact]
    public async Task No_more_runs_than_slots_are_started_and_the_next_one_starts_when_one_ends()
    {
        await using var bench = await AgentBench.StartedAsync();
        var first = await bench.AssignedAndStartedAsync();
        await bench.AssignedAndStartedAsync();
        var third = bench.Run();
        await bench.AssignAsync(third);
        await Eventually.HoldsAsync(
            () => bench.Scheduler.Heartbeats.Any(heartbeat => heartbeat.Held.Contains(new RunAttempt(third.RunId, 1))), "the third is held");
        Assert.Equal(2, bench.Executor.Started.Count);

        bench.Executor.End(first.RunId);

        await Eventually.HoldsAsync(() => bench.Executor.Started.Count == 3, "the third started");
    }

    [Fact]
    public async Task A_successor_waits_for_its_predecessor_although_a_slot_is_free()
    {
        await using var bench = await AgentBench.StartedAsync();
        var first = await bench.AssignedAndStartedAsync();
        var successor = bench.Run() with { StartsAfter = new RunAttempt(first.RunId, 1) };
        await bench.AssignAsync(successor);
        await Eventually.HoldsAsync(
            () => bench.Scheduler.Heartbeats.Any(heartbeat => heartbeat.Held.Contains(new RunAttempt(successor.RunId, 1))), "it is held");

        bench.Executor.End(first.RunId);

        await Eventually.HoldsAsync(() => bench.Executor.Started.Count == 2, "the successor started");
    }

    [Fact]
    public async Task A_recalled_run_is_given_back_and_never_starts_however_late_it_comes()
    {
        await using var bench = await AgentBench.StartedAsync();
        var run = bench.Run();
        await bench.CommandAsync(new RecallTest { RunId = run.RunId, Attempt = 1 });
        Assert.False((await bench.RecalledAsync(run)).Started);

        await bench.AssignAsync(run);

        await bench.FenceAsync();
        Assert.DoesNotContain(bench.Executor.Started, started => started.RunId == run.RunId);
    }

    [Fact]
    public async Task A_run_that_started_is_not_given_back()
    {
        await using var bench = await AgentBench.StartedAsync();
        var run = await bench.AssignedAndStartedAsync();

        await bench.CommandAsync(new RecallTest { RunId = run.RunId, Attempt = 1 });

        Assert.True((await bench.RecalledAsync(run)).Started);
    }

    [Fact]
    public async Task A_running_test_is_stopped_on_command_and_one_that_never_came_is_given_back()
    {
        await using var bench = await AgentBench.StartedAsync();
        var run = await bench.AssignedAndStartedAsync();
        var never = bench.Run();

        await bench.CommandAsync(new StopTest { RunId = run.RunId, Attempt = 1, Reason = "cancelled by ana" });
        await bench.CommandAsync(new StopTest { RunId = never.RunId, Attempt = 1, Reason = "cancelled by ana" });

        var finished = await bench.FinishedAsync(run);
        Assert.Equal((TestOutcome.Stopped, "cancelled by ana"), (finished.Outcome, finished.Error));
        await Eventually.HoldsAsync(() => bench.Scheduler.All<TestRecalled>().Any(), "what never came is given back");
        Assert.Equal((never.RunId, false), bench.Scheduler.All<TestRecalled>().Select(recalled => (recalled.RunId, recalled.Started)).Single());
    }

    [Fact]
    public async Task A_draining_worker_gives_back_what_comes_until_it_is_resumed()
    {
        await using var bench = await AgentBench.StartedAsync();
        await bench.CommandAsync(new DrainWorker());
        await bench.CommandAsync(new RecallTest { RunId = Guid.NewGuid(), Attempt = 1 });
        await Eventually.HoldsAsync(() => bench.Scheduler.All<TestRecalled>().Any(), "the drain was heard");
        var run = bench.Run();
        await bench.AssignAsync(run);
        Assert.False((await bench.RecalledAsync(run)).Started);

        await bench.CommandAsync(new ResumeWorker());
        await bench.CommandAsync(new RecallTest { RunId = Guid.NewGuid(), Attempt = 1 });
        await Eventually.HoldsAsync(() => bench.Scheduler.All<TestRecalled>().Count() == 3, "the resumption was heard");

        await bench.FenceAsync();
    }

    [Fact]
    public async Task Without_answers_the_worker_stops_its_runs_and_begins_a_new_session_that_names_the_old_one()
    {
        await using var bench = await AgentBench.CreateAsync();
        bench.Scheduler.LeaseSeconds = 1;
        bench.StartWorker();
        await bench.AcceptedAsync();
        var old = bench.Session;
        var run = await bench.AssignedAndStartedAsync();

        bench.Scheduler.AnswersHeartbeats = false;

        var finished = await bench.FinishedAsync(run);
        Assert.Equal(TestOutcome.Stopped, finished.Outcome);
        Assert.Contains("lease", finished.Error, StringComparison.Ordinal);
        bench.Scheduler.AnswersHeartbeats = true;
        await Eventually.HoldsAsync(() => bench.Session != old, "a new session");
        Assert.Equal(old, bench.Scheduler.All<WorkerRegistered>().Last().PreviousSessionId);
        await Eventually.HoldsAsync(() => bench.Scheduler.Heartbeats.Any(heartbeat => heartbeat.SessionId == bench.Session), "the new session lives");
        await bench.FenceAsync();
    }

    [Fact]
    public async Task A_session_that_the_scheduler_no_longer_knows_is_ended()
    {
        await using var bench = await AgentBench.StartedAsync();
        var run = await bench.AssignedAndStartedAsync();
        var old = bench.Session;

        await bench.CommandAsync(new WorkerRefused { Reason = "unknown session" });

        Assert.Contains("unknown session", (await bench.FinishedAsync(run)).Error, StringComparison.Ordinal);
        await Eventually.HoldsAsync(() => bench.Session != old, "a new session");
    }

    [Fact]
    public async Task An_answer_of_a_former_leader_renews_nothing()
    {
        await using var bench = await AgentBench.CreateAsync();
        bench.Scheduler.LeaseSeconds = 1;
        bench.Scheduler.Epoch = 5;
        bench.StartWorker();
        await bench.AcceptedAsync();
        var old = bench.Session;

        bench.Scheduler.Epoch = 4;

        await Eventually.HoldsAsync(() => bench.Session != old, "the session ended");
    }

    [Fact]
    public async Task A_result_is_said_again_until_an_answer_names_it_also_after_a_restart()
    {
        await using var bench = await AgentBench.CreateAsync();
        bench.Scheduler.StoresResults = false;
        bench.StartWorker();
        await bench.AcceptedAsync();
        var session = bench.Session;
        var run = await bench.AssignedAndStartedAsync();
        bench.Executor.End(run.RunId);
        await Eventually.HoldsAsync(() => bench.Scheduler.All<TestFinished>().Count() == 2, "the result was repeated");
        await bench.StopWorkerAsync();
        var before = bench.Scheduler.All<TestFinished>().Count();

        bench.StartWorker();

        await Eventually.HoldsAsync(() => bench.Scheduler.All<TestFinished>().Count() > before, "the next process repeats it");
        Assert.All(bench.Scheduler.Reports.Where(entry => entry.Report is TestFinished), entry => Assert.Equal(session, entry.Session));
        // A new session ends what the old one had, so its results come first.
        Assert.IsType<TestFinished>(bench.Scheduler.Reports.SkipWhile(entry => entry.Report is not WorkerLeft).ElementAt(1).Report);
        bench.Scheduler.StoresResults = true;
        await Eventually.HoldsAsync(
            () => bench.Scheduler.Heartbeats.Last() is { Unconfirmed.Count: 0 } last && last.SessionId != session, "it is forgotten once stored");
    }

    [Fact]
    public async Task A_shutdown_stops_what_runs_gives_back_what_is_held_and_says_goodbye()
    {
        await using var bench = await AgentBench.StartedAsync();
        RunTest[] running = [await bench.AssignedAndStartedAsync(), await bench.AssignedAndStartedAsync()];
        var held = bench.Run();
        await bench.AssignAsync(held);
        await Eventually.HoldsAsync(() => bench.Scheduler.Heartbeats.Last().Held.Count == 1, "the third is held");

        await bench.StopWorkerAsync();

        Assert.False((await bench.RecalledAsync(held)).Started);
        foreach (var run in running)
            Assert.Equal((TestOutcome.Stopped, "the worker was shut down"), ((await bench.FinishedAsync(run)).Outcome, (await bench.FinishedAsync(run)).Error));
        await Eventually.HoldsAsync(() => bench.Scheduler.Reports.Last().Report is WorkerLeft, "the goodbye comes last");
    }

    [Fact]
    public async Task A_shutdown_may_let_what_runs_finish()
    {
        await using var bench = await AgentBench.CreateAsync();
        bench.Options = bench.Options with { OnShutdown = ShutdownMode.Finish };
        bench.StartWorker();
        await bench.AcceptedAsync();
        var run = await bench.AssignedAndStartedAsync();
        var stopping = bench.StopWorkerAsync();
        await Eventually.HoldsAsync(() => bench.Scheduler.Heartbeats.Last().Leaving, "it says that it leaves");
        var late = bench.Run();
        await bench.AssignAsync(late);
        Assert.False((await bench.RecalledAsync(late)).Started);

        bench.Executor.End(run.RunId);
        await stopping;

        Assert.Equal(TestOutcome.Passed, (await bench.FinishedAsync(run)).Outcome);
        Assert.Single(bench.Scheduler.All<WorkerLeft>());
    }

    [Fact]
    public async Task Two_workers_cannot_share_a_work_directory()
    {
        using var folder = new TemporaryFolder();
        using var first = await OpenAsync();

        var error = await Assert.ThrowsAsync<SettingException>(OpenAsync);

        Assert.Contains("another worker", error.Message, StringComparison.Ordinal);

        Task<WorkDirectory> OpenAsync() =>
            WorkDirectory.OpenAsync(folder.Path, TimeSpan.FromMilliseconds(300), TimeProvider.System, TestContext.Current.CancellationToken);
    }
}
