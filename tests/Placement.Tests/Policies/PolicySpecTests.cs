namespace LoadBalancer.Placement.Tests;

public sealed class PolicySpecTests
{
    /// <summary>As it stands in the document that the product follows; the original could not load it.</summary>
    public const string Documented =
        """
        { "type": "composite",
          "algorithms": [
            { "type": "performance_based", "weight": 0.6 },
            { "type": "priority_based",    "weight": 0.3 },
            { "type": "affinity_based",    "weight": 0.1 } ] }
        """;

    [Fact]
    public void The_documented_configuration_is_loaded_as_it_stands()
    {
        var policies = new PolicySet();
        policies.Use("performance", PolicySpec.Parse(Documented));

        var members = policies.ByTestType["performance"].Algorithms.Select(member => (member.Policy.Type, member.Weight));
        Assert.Equal([("performance_based", 0.6), ("priority_based", 0.3), ("affinity_based", 0.1)], members);
        Assert.Contains("60 % performance_based", Offer.Of(Offer.Worker("w")).RankedBy(Documented)[0].Reason);
    }

    [Fact]
    public void What_is_used_can_be_printed_and_read_again()
    {
        const string Nested =
            """{"type":"composite","algorithms":[{"type":"composite","weight":2,"algorithms":[{"type":"adaptive","weight":1}]},{"type":"round_robin","weight":0.5}]}""";

        Assert.Equal(Nested, PolicySpec.Parse(Nested).ToJson());
        Assert.Equal(Nested, PolicySpec.Parse(Nested).ToString());
        Assert.Equal("""{"type":"adaptive"}""", PolicySpec.Parse("adaptive").ToJson());
        Assert.Equal("adaptive", PolicySpec.Parse("""{ "type": "adaptive" }""").ToString());
        Assert.Equal("adaptive", PolicySpec.Parse("\"adaptive\"").ToString());
    }

    [Fact]
    public void A_member_may_be_a_name_and_counts_once_unless_it_says_more()
    {
        var spec = PolicySpec.Parse("""{ "type": "composite", "algorithms": ["adaptive", { "type": "round_robin" }] }""");

        Assert.Equal([("adaptive", 1.0), ("round_robin", 1.0)], spec.Algorithms.Select(member => (member.Policy.Type, member.Weight)));
    }

    [Theory]
    [InlineData("", "type ''")]
    [InlineData("so fast!", "'so fast!'")]
    [InlineData("""{"type": "composite"}""", "algorithms is missing")]
    [InlineData("{", "no JSON")]
    [InlineData("""{}""", "type is missing")]
    [InlineData("""{"type": 5}""", "type is 5")]
    [InlineData("\"composite\"", "algorithms is missing")]
    [InlineData("""{"type": "composite", "algorithms": []}""", "algorithms has 0 entries")]
    [InlineData("""{"type": "composite", "algorithms": "adaptive"}""", "algorithms is \"adaptive\"; it is a list")]
    [InlineData("""{"type": "composite", "algorithms": [3]}""", "algorithms[0] is 3")]
    [InlineData("""{"type": "composite", "algorithms": [{"type": "adaptive", "weight": -0.3}]}""", "algorithms[0].weight is -0.3")]
    [InlineData("""{"type": "composite", "algorithms": ["adaptive", {"type": "adaptive", "weight": 1e999}]}""", "algorithms[1].weight is 1e999")]
    [InlineData("""{"type": "composite", "algorithms": [{"type": "adaptive", "weight": "much"}]}""", "algorithms[0].weight is \"much\"")]
    [InlineData("""{"type": "composite", "algorithms": [{"type": "adaptive", "weight": 0}]}""", "every algorithms[].weight is 0")]
    [InlineData("""{"type": "composite", "algorithms": [{"type": "adaptive", "wait": 1}]}""", "algorithms[0].wait is unknown")]
    [InlineData("""{"type": "adaptive", "algorithms": ["adaptive"]}""", "algorithms has no meaning for 'adaptive'")]
    [InlineData("""{"type": "adaptive", "weight": 1}""", "weight is unknown")]
    [InlineData("""{"type": "adaptive", "type": "adaptive"}""", "type stands there twice")]
    public void What_is_no_policy_is_refused_with_the_field_and_the_value(string text, string problem) =>
        Assert.Contains(problem, Assert.Throws<PolicySpecException>(() => PolicySpec.Parse(text)).Message);

    [Fact]
    public void Nine_members_or_four_levels_are_too_many()
    {
        var nine = string.Join(",", Enumerable.Repeat("\"adaptive\"", 9));
        Assert.Contains("has 9 entries", Refusal($$"""{"type": "composite", "algorithms": [{{nine}}]}"""));

        var deep = "\"adaptive\"";
        for (var level = 0; level < 3; level++)
            deep = $$"""{"type": "composite", "algorithms": [{{deep}}]}""";
        Assert.Equal("composite", PolicySpec.Parse(deep).Type);
        Assert.Contains(
            "algorithms[0].algorithms[0].algorithms[0].algorithms is too deep", Refusal($$"""{"type": "composite", "algorithms": [{{deep}}]}"""));

        static string Refusal(string text) => Assert.Throws<PolicySpecException>(() => PolicySpec.Parse(text)).Message;
    }

    [Fact]
    public void An_unknown_member_is_refused_with_its_name_and_the_known_ones()
    {
        var spec = PolicySpec.Parse("""{"type": "composite", "algorithms": ["adaptive", "fastest"]}""");

        var refusal = Assert.Throws<PolicySpecException>(() => new PolicySet().Use("quick", spec));

        Assert.Contains("'fastest'; known are: adaptive, affinity_based, composite, performance_based, ", refusal.Message);
    }

    [Fact]
    public void A_policy_made_in_code_is_held_to_the_same()
    {
        var negative = new PolicySpec(PolicyNames.Composite, [new WeightedPolicy(PolicyNames.Adaptive, -1)]);

        Assert.Contains("weight is -1", Assert.Throws<PolicySpecException>(() => new PolicySet(defaultPolicy: negative)).Message);
    }
}
