using LoadBalancer.Chaos.Faults;
using LoadBalancer.Chaos.Fleet;
using LoadBalancer.Chaos.Load;

namespace LoadBalancer.Chaos.Tests;

public sealed class PlanTests
{
    private static readonly TimeSpan TenMinutes = TimeSpan.FromMinutes(10);

    [Fact]
    public void The_same_seed_makes_the_same_faults_and_the_same_tests_and_another_seed_others()
    {
        Assert.Equal(FaultPlan.Of(7, TenMinutes, TestFleet.Weights), FaultPlan.Of(7, TenMinutes, TestFleet.Weights));
        Assert.NotEqual(FaultPlan.Of(7, TenMinutes, TestFleet.Weights), FaultPlan.Of(8, TenMinutes, TestFleet.Weights));
        Assert.Equal(Bodies(7), Bodies(7));
        Assert.NotEqual(Bodies(7), Bodies(8));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Ten_minutes_bring_thirty_kills_and_every_target_is_hurt(int seed)
    {
        var plan = FaultPlan.Of(seed, TenMinutes, TestFleet.Weights);

        Assert.True(plan.Count(fault => fault.Kind == FaultKind.Kill) >= 30);
        Assert.Contains(plan, fault => fault.Kind == FaultKind.Freeze);
        Assert.Equal(TestFleet.Weights.Select(target => target.Name).Order(), plan.Select(fault => fault.Target).Distinct().Order());
    }

    [Fact]
    public void A_target_is_hurt_again_only_when_it_should_be_back()
    {
        foreach (var target in TestFleet.Weights)
        {
            var faults = FaultPlan.Of(1, TenMinutes, TestFleet.Weights).Where(fault => fault.Target == target.Name).ToList();
            Assert.All(faults.Zip(faults.Skip(1)), pair => Assert.True(pair.First.At + pair.First.Pause + target.Boot <= pair.Second.At));
        }
    }

    [Fact]
    public void The_tests_are_unlike()
    {
        var tests = new TestPlan(1, "script", "journal").Over(TenMinutes);

        Assert.Contains(tests, test => test.Twice);
        Assert.Contains(tests, test => test.Asked.Keys.Count > 0);
        Assert.Contains(tests, test => test.Asked.Labels.Count > 0);
        Assert.Contains(tests, test => test.Asked.IsPlain);
        Assert.Superset(new HashSet<double> { 0.5, 1, 2 }, tests.SelectMany(test => test.Asked.Devices.Values).ToHashSet());
        Assert.Equal(tests.Count, tests.Select(test => test.Asked.RunId).Distinct().Count());
        Assert.Equal(Enum.GetValues<Judging.Ending>(), tests.Select(test => test.Asked.Ending).Distinct().Order());
    }

    private static string[] Bodies(int seed) =>
        [.. new TestPlan(seed, "script", "journal").Over(TenMinutes).Select(test => $"{test.At} {test.Twice} {test.Body.ToJsonString()}")];
}
