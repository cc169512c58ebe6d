namespace LoadBalancer.Placement.Tests;

/// <summary>Two classes of workers, and tests that gain unlike much from the better one.</summary>
public sealed class UnlikeKindsTests
{
    private readonly DurationModel durations = new();
    private readonly Dictionary<Guid, string> tests = [];
    private readonly Planner planner;

    public UnlikeKindsTests()
    {
        planner = Given.Planner(durations: durations);
        for (var run = 0; run < 30; run++)
        {
            Learn("gains", old: 100, modern: 10);
            Learn("indifferent", old: 12, modern: 10);
        }

        planner.Register(Given.Worker("old", workerClass: "old"), Given.Worker("modern", workerClass: "modern"));
    }

    [Fact]
    public void While_both_wait_each_runs_where_it_costs_the_fleet_least()
    {
        for (var run = 0; run < 20; run++)
        {
            Submit("gains");
            Submit("indifferent");
        }

        Assert.Equal(20, RunsOf("gains").Count(decision => decision.WorkerId == "modern"));
    }

    [Fact]
    public void A_run_alone_takes_the_faster_worker_whatever_it_gains()
    {
        Submit("indifferent");

        Assert.Equal(["modern"], planner.PlaceAll());
    }

    [Fact]
    public void A_worker_that_suits_nothing_that_waits_still_helps_while_much_waits()
    {
        for (var run = 0; run < 40; run++)
            Submit("gains");

        Assert.InRange(RunsOf("gains").Count(decision => decision.WorkerId == "old"), 1, 5);
    }

    private void Learn(string test, double old, double modern)
    {
        durations.Learn(Given.Passed(old, test, "old"));
        durations.Learn(Given.Passed(modern, test, "modern"));
    }

    private void Submit(string test) => tests[planner.Submitted(Given.Demand(testId: test)).RunId] = test;

    /// <summary>Runs all that waits on a virtual clock; each takes as long as its test does there.</summary>
    private List<Decision> RunsOf(string test)
    {
        var running = new PriorityQueue<Decision, DateTimeOffset>();
        var all = new List<Decision>();
        var now = Given.Noon;
        while (true)
        {
            foreach (var decision in planner.Plan(now, 100).Decisions)
            {
                running.Enqueue(decision, now + decision.Predicted!.Value.P50);
                all.Add(decision);
            }

            if (!running.TryDequeue(out var ended, out now))
                return all.FindAll(decision => tests[decision.RunId] == test);

            planner.Release(ended.RunId, ended.Attempt);
        }
    }
}
