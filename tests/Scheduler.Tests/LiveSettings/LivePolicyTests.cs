using LoadBalancer.Contracts;
using LoadBalancer.Placement;

namespace LoadBalancer.Scheduler.Tests.LiveSettings;

public sealed class LivePolicyTests
{
    private const string Documented =
        """
        { "type": "composite",
          "algorithms": [
            { "type": "performance_based", "weight": 0.6 },
            { "type": "priority_based",    "weight": 0.3 },
            { "type": "affinity_based",    "weight": 0.1 } ] }
        """;

    [Fact]
    public async Task What_is_set_live_wins_over_the_configuration_survives_a_restart_and_can_be_taken_back()
    {
        await using var scheduler = await LiveScheduler.StartAsync("--Policies:ByTestType:unit=round_robin");

        await scheduler.PutAsync("api/policies/unit", Documented);
        Assert.Equal("composite", scheduler.Policies.ByTestType["unit"].Type);

        await scheduler.RestartAsync("--Policies:ByTestType:unit=affinity_based");
        var unit = await scheduler.GetAsync<PolicyView>("api/policies/unit");
        Assert.Equal(("composite", SettingSources.Live, "default"), (unit.Policy.Type, unit.Source, unit.ChangedBy));
        Assert.Equal([0.6, 0.3, 0.1], unit.Policy.Algorithms!.Select(member => member.Weight!.Value));
        Assert.Equal("composite", scheduler.Policies.ByTestType["unit"].Type);

        await scheduler.SendAsync(HttpMethod.Delete, "api/policies/unit");
        unit = await scheduler.GetAsync<PolicyView>("api/policies/unit");
        Assert.Equal(("affinity_based", SettingSources.Configuration), (unit.Policy.Type, unit.Source));
        Assert.Equal("affinity_based", scheduler.Policies.ByTestType["unit"].Type);
    }

    [Fact]
    public async Task The_default_and_types_are_set_together_or_not_at_all()
    {
        await using var scheduler = await LiveScheduler.StartAsync();

        await scheduler.PutAsync("api/policies", """{ "default": "round_robin", "byTestType": { "critical": { "type": "priority_based" } } }""");
        var problem = await scheduler.ProblemAsync(
            HttpMethod.Put, "api/policies", """{ "default": "adaptive", "byTestType": { "critical": null, "unit": "fastest" } }""");

        Assert.StartsWith("byTestType.unit: Unknown placement policy 'fastest'", problem, StringComparison.Ordinal);
        var all = await scheduler.GetAsync<PolicyList>("api/policies");
        Assert.Equal("round_robin", all.Default.Policy.Type);
        Assert.Equal([("critical", "priority_based")], all.ByTestType.Select(entry => (entry.TestType, entry.Policy.Type)));
        Assert.Equal(7, all.Known.Count);
        Assert.Equal("default", (await scheduler.GetAsync<PolicyView>("api/policies/anything")).Source);

        await scheduler.PutAsync("api/policies", """{ "default": null, "byTestType": { "critical": null } }""");
        Assert.Equal("adaptive", scheduler.Policies.Default.Type);
        Assert.Empty(scheduler.Policies.ByTestType);
    }

    [Theory]
    [InlineData("unit", "\"fastest\"", "policy: Unknown placement policy 'fastest'; known are: adaptive, ")]
    [InlineData("unit", """{ "type": "composite", "algorithms": [] }""", "policy: algorithms has 0 entries")]
    [InlineData("unit", """{ "type": "composite", "algorithms": [{ "type": "adaptive", "weight": -1 }] }""", "algorithms[0].weight is -1")]
    [InlineData("unit", "{", "The body is no JSON")]
    [InlineData("unit", "null", "policy: the policy is null")]
    [InlineData("Unit%20Tests", "\"adaptive\"", "testType: \"Unit Tests\" is not of the form [a-z0-9_-]{1,64}")]
    [InlineData("", "[]", "default: is missing")]
    public async Task What_cannot_be_is_refused_with_the_field_and_the_value_and_changes_nothing(string testType, string body, string problem)
    {
        await using var scheduler = await LiveScheduler.StartAsync();

        Assert.Contains(problem, await scheduler.ProblemAsync(HttpMethod.Put, $"api/policies/{testType}".TrimEnd('/'), body), StringComparison.Ordinal);

        Assert.Empty(scheduler.Policies.ByTestType);
    }

    [Fact]
    public async Task A_policy_of_a_user_is_set_by_its_name_and_its_loss_does_not_stop_the_start()
    {
        await using var scheduler = await LiveScheduler.StartAsync([new LastOne()]);
        await scheduler.PutAsync("api/policies/unit", "\"last_one\"");
        await scheduler.PutAsync("api/policies/quick", "\"round_robin\"");

        await scheduler.RestartAsync();
        Assert.Equal("last_one", scheduler.Policies.ByTestType["unit"].Type);

        scheduler.ForgetsRegistered = true;
        await scheduler.RestartAsync();
        Assert.Equal(["quick"], scheduler.Policies.ByTestType.Keys);
        Assert.Equal(SettingSources.Default, (await scheduler.GetAsync<PolicyView>("api/policies/unit")).Source);
        await scheduler.PutAsync("api/policies/unit", "\"round_robin\"");
    }

    private sealed class LastOne : IPlacementPolicy
    {
        public string Name => "last_one";

        public PolicyChoice Choose(PlacementContext context) => new(
            [new RankedWorker(context.Candidates[^1].Worker.WorkerId, new Dictionary<string, double>(), "the last of the list")]);
    }
}
