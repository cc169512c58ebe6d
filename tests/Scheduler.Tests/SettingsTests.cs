using LoadBalancer.Placement;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LoadBalancer.Scheduler.Tests;

public sealed class SettingsTests
{
    [Theory]
    [InlineData("Broker:Url", "", "Broker:Url is missing")]
    [InlineData("Broker:Url", "http://x", "must start with amqp://")]
    [InlineData("Database:ConnectionString", "", "Database:ConnectionString is missing")]
    [InlineData("Scheduler:LeaseDuration", "00:00:01", "must be longer than Scheduler:KillGrace")]
    [InlineData("Scheduler:LeaseDuration", "soon", "Scheduler:LeaseDuration")]
    [InlineData("Scheduler:LeaseDuratoin", "00:01:00", "LeaseDuratoin")]
    [InlineData("Scheduler:Retention", "00:00:00", "Scheduler:Retention is 00:00:00; it must be between 1 hour and 3650 days")]
    [InlineData("Scheduler:Retention", "-1.00:00:00", "Scheduler:Retention is -1.00:00:00")]
    [InlineData("Scheduler:Retention", "00:59:59", "Scheduler:Retention is 00:59:59")]
    [InlineData("Scheduler:Retention", "36500.00:00:00", "Scheduler:Retention is 36500.00:00:00")]
    [InlineData("Scheduler:Retention", "a month", "Scheduler:Retention")]
    [InlineData("Scheduler:WhenImpossible", "Pray", "Scheduler:WhenImpossible")]
    [InlineData("Keys:license:Limit", "-1", "Keys:license:Limit is -1")]
    [InlineData("Scheduler:LongFirst", "-1", "Scheduler:LongFirst is -1")]
    [InlineData("Scheduler:LongFirst", "NaN", "Scheduler:LongFirst is NaN")]
    [InlineData("Shares:ci", "0", "Shares:ci is 0")]
    [InlineData("Shares:ci", "NaN", "Shares:ci is NaN")]
    [InlineData("Shares:ci", "much", "Shares:ci")]
    [InlineData("Policies:Defualt", "adaptive", "Policies:Defualt is unknown")]
    [InlineData("Policies:Default", "so fast!", "Policies:Default: type 'so fast!'")]
    [InlineData("Policies:ByTestType:unit:type", "composite", "Policies:ByTestType:unit: algorithms is missing")]
    [InlineData("Policies:ByTestType:Unit", "adaptive", "Policies:ByTestType:Unit: 'Unit' is no test type")]
    [InlineData("Policies:ByTestType:default", "adaptive", "'default' is no test type")]
    [InlineData("Api:Urls", "http://0.0.0.0:5080", "which others can reach")]
    [InlineData("Api:Tokens:ops:Sha256", "secret", "Api:Tokens:ops:Sha256")]
    public void A_bad_setting_stops_the_start_with_its_name(string name, string value, string problem)
    {
        var refused = Assert.Throws<ConfigurationException>(() => Read((name, value)));

        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Policies:Default")]
    [InlineData("Policies:ByTestType:unit")]
    public void An_unknown_policy_stops_the_start_and_the_known_ones_are_named(string name)
    {
        var refused = Assert.Throws<ConfigurationException>(() =>
            SchedulerHost.Build(["--Broker:Url=memory://", "--Database:ConnectionString=Data Source=x.db", $"--{name}=fastest"]));

        Assert.Contains($"{name}: Unknown placement policy 'fastest'; known are: adaptive, affinity_based, ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Good_settings_are_taken()
    {
        var settings = Read(
            ("Scheduler:LeaseDuration", "00:00:10"), ("Keys:license:Limit", "2"), ("Keys:closed:Limit", "0"), ("Shares:ci", "2.5"), ("Policies:ByTestType:unit", "round_robin"));

        Assert.Equal(TimeSpan.FromSeconds(10), settings.Scheduler.LeaseDuration);
        Assert.Equal(TimeSpan.FromDays(30), settings.Scheduler.Retention);
        Assert.Equal(2, settings.Keys["license"].Limit);
        Assert.Equal(2.5, settings.Shares["ci"]);
        Assert.Equal("round_robin", settings.Policies.ByTestType["unit"].ToString());
        Assert.Equal("adaptive", settings.Policies.Default.ToString());
    }

    [Fact]
    public void A_composite_is_configured_as_an_object_or_as_its_json()
    {
        const string Json = """{"type":"composite","algorithms":[{"type":"performance_based","weight":0.6},{"type":"priority_based","weight":0.3}]}""";
        var settings = Read(
            ("Policies:Default", Json),
            ("Policies:ByTestType:unit:Type", "composite"),
            ("Policies:ByTestType:unit:Algorithms:0:Type", "performance_based"),
            ("Policies:ByTestType:unit:Algorithms:0:Weight", "0.6"),
            ("Policies:ByTestType:unit:Algorithms:1:Type", "priority_based"),
            ("Policies:ByTestType:unit:Algorithms:1:Weight", "0.3"));

        Assert.Equal(Json, settings.Policies.Default.ToJson());
        Assert.Equal(Json, settings.Policies.ByTestType["unit"].ToJson());
    }

    [Fact]
    public void A_negative_weight_stops_the_start_with_its_place() => Assert.Contains(
        "Policies:Default: algorithms[0].weight is -1",
        Assert.Throws<ConfigurationException>(() => Read(
            ("Policies:Default:type", "composite"),
            ("Policies:Default:algorithms:0:type", "adaptive"),
            ("Policies:Default:algorithms:0:weight", "-1"))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Two_policies_of_one_name_stop_the_start()
    {
        var refused = Assert.Throws<ConfigurationException>(() => SchedulerHost.Build(
            ["--Broker:Url=memory://", "--Database:ConnectionString=Data Source=x.db"],
            builder => builder.Services.AddSingleton<IPlacementPolicy>(new Impostor())));

        Assert.Contains("Two placement policies are named 'adaptive'", refused.Message, StringComparison.Ordinal);
    }

    private static Settings Read(params (string Name, string Value)[] changes)
    {
        var values = new Dictionary<string, string?>
        {
            ["Broker:Url"] = "memory://",
            ["Database:ConnectionString"] = "Data Source=x.db",
        };
        foreach (var (name, value) in changes)
            values[name] = value;
        return Settings.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
    }

    private sealed class Impostor : IPlacementPolicy
    {
        public string Name => "adaptive";

        public PolicyChoice Choose(PlacementContext context) => throw new NotSupportedException();
    }
}
