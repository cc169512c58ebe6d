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
        Assert.Equal(FaultPlan.Of(7, TenMinutes, TestFleet.VictimsOf(schedulers: 1)), FaultPlan.Of(7, TenMinutes, TestFleet.VictimsOf(schedulers: 1)));
        Assert.NotEqual(FaultPlan.Of(7, TenMinutes, TestFleet.VictimsOf(schedulers: 1)), FaultPlan.Of(8, TenMinutes, TestFleet.VictimsOf(schedulers: 1)));
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
        var plan = FaultPlan.Of(seed, TenMinutes, TestFleet.VictimsOf(schedulers: 1));

        Assert.True(plan.Count(fault => fault.Kind == FaultKind.Kill) >= 30);
        Assert.Contains(plan, fault => fault.Kind == FaultKind.Freeze);
        Assert.Equal(TestFleet.VictimsOf(schedulers: 1).Select(target => target.Name).Order(), plan.Select(fault => fault.Target).Distinct().Order());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Each_of_several_schedulers_is_killed_and_frozen_for_shorter_and_longer_than_its_lease(int schedulers)
    {
        var victims = TestFleet.VictimsOf(schedulers).Where(victim => victim.Name.StartsWith("scheduler-", StringComparison.Ordinal)).ToList();
        var plan = FaultPlan.Of(1, TenMinutes * 2, TestFleet.VictimsOf(schedulers));

        Assert.Equal(schedulers, victims.Count);
        foreach (var faults in victims.Select(victim => plan.Where(fault => fault.Target == victim.Name).ToList()))
        {
            Assert.Contains(faults, fault => fault.Kind == FaultKind.Kill);
            Assert.Contains(faults, fault => fault.Kind == FaultKind.Freeze && fault.Pause > TimeSpan.FromSeconds(7));
        }

        Assert.Contains(plan, fault => fault.Kind == FaultKind.Freeze && victims.Exists(victim => victim.Name == fault.Target) && fault.Pause < TimeSpan.FromSeconds(6));
    }

    [Fact]
    public void A_target_is_hurt_again_only_when_it_should_be_back()
    {
        foreach (var target in TestFleet.VictimsOf(schedulers: 1))
        {
            var faults = FaultPlan.Of(1, TenMinutes, TestFleet.VictimsOf(schedulers: 1)).Where(fault => fault.Target == target.Name).ToList();
            Assert.All(faults.Zip(faults.Skip(1)), pair => Assert.True(pair.First.At + pair.First.Pause + target.Boot <= pair.Second.At));
        }
    }

    [Fact]
    public void The_tests_are_unlike()
    {
        var tests = new TestPlan(1, "script", "journal").Over(TenMinutes);

        Assert.Contains(tests, test => test.Twice);
        Assert.Contains(tests, test => test.ByApi);
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
