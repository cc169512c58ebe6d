using Microsoft.Extensions.Configuration;

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
    [InlineData("Scheduler:WhenImpossible", "Pray", "Scheduler:WhenImpossible")]
    [InlineData("Keys:license:Limit", "0", "Keys:license:Limit is 0")]
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

        Assert.Contains($"{name} is 'fastest'; known policies are adaptive, round_robin", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Good_settings_are_taken()
    {
        var settings = Read(("Scheduler:LeaseDuration", "00:00:10"), ("Keys:license:Limit", "2"), ("Policies:ByTestType:unit", "round_robin"));

        Assert.Equal(TimeSpan.FromSeconds(10), settings.Scheduler.LeaseDuration);
        Assert.Equal(2, settings.Keys["license"].Limit);
        Assert.Equal("round_robin", settings.Policies.ByTestType["unit"]);
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
}
