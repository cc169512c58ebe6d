using CsCheck;

namespace LoadBalancer.Placement.Tests;

public sealed class AgingTests
{
    private static readonly TimeSpan Step = Planner.UsualAgingStep;

    [Fact]
    public void A_higher_priority_goes_first_among_what_came_at_about_the_same_time()
    {
        var planner = Given.Planner();
        planner.Register(Given.Worker("w"));
        planner.Submit(Given.Demand(priority: 3));
        var urgent = planner.Submitted(Given.Demand(priority: 1, submittedAfter: Step * 1.9));

        Assert.Equal(urgent.RunId, Assert.Single(planner.Plan(Given.Noon + Step, 10).Decisions).RunId);
    }

    [Fact]
    public void Waiting_for_a_step_is_worth_a_level_of_priority()
    {
        var planner = Given.Planner();
        planner.Register(Given.Worker("w"));
        var patient = planner.Submitted(Given.Demand(priority: 3));
        planner.Submit(Given.Demand(priority: 1, submittedAfter: Step * 2.1));

        Assert.Equal(patient.RunId, Assert.Single(planner.Plan(Given.Noon + Step, 10).Decisions).RunId);
    }

    [Fact]
    public void No_run_is_overtaken_by_one_that_was_submitted_more_than_four_steps_later() =>
        Gen.Select(Gen.Int[1, 5], Gen.Double[0, 10]).Array[2, 30].Sample(runs =>
        {
            var planner = Given.Planner();
            planner.Register(Given.Worker("w"));
            var submittedAt = runs.ToDictionary(
                run => planner.Submitted(Given.Demand(priority: run.Item1, submittedAfter: Step * run.Item2)).RunId, run => run.Item2);
            var order = new List<double>();
            while (planner.Plan(Given.Noon, 1).Decisions is [var decision])
            {
                planner.Release(decision.RunId, decision.Attempt);
                order.Add(submittedAt[decision.RunId]);
            }

            Assert.Equal(runs.Length, order.Count);
            for (var i = 0; i < order.Count; i++)
                Assert.DoesNotContain(order.Skip(i + 1), later => order[i] > later + 4);
        });
}
