using System.Text.Json;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Tests;

/// <summary><c>lb policy</c>, <c>lb key</c> and <c>lb share</c>.</summary>
public sealed class SettingVerbTests : IAsyncLifetime
{
    private FakeScheduler scheduler = null!;
    private Lb lb = null!;

    public async ValueTask InitializeAsync()
    {
        scheduler = await FakeScheduler.Start();
        lb = Lb.At(scheduler);
    }

    public async ValueTask DisposeAsync()
    {
        lb.Dispose();
        await scheduler.DisposeAsync();
    }

    [Theory]
    [InlineData("policy")]
    [InlineData("policy list")]
    public async Task Policies_in_force_are_listed_with_where_they_come_from(string command)
    {
        Assert.Equal(ExitCode.Passed, await lb.Run(command.Split(' ')));

        Assert.Contains("unit       live, by ops at 1970-01-01 00:00 UTC  round_robin", lb.Out, StringComparison.Ordinal);
        Assert.Contains("""{"type":"composite","algorithms":[{"type":"adaptive","weight":0.5}]}""", lb.Out, StringComparison.Ordinal);
        Assert.Contains("can be set: adaptive, round_robin", lb.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("round_robin", "\"round_robin\"")]
    [InlineData("""{"type": "composite", "algorithms": []}""", """{"type": "composite", "algorithms": []}""")]
    public async Task A_policy_is_set_by_name_or_by_json(string policy, string body)
    {
        Assert.Equal(ExitCode.Passed, await lb.Run("policy", "set", "unit", policy));

        Assert.Equal(["PUT /api/policies/unit"], scheduler.Requests);
        Assert.Equal([body], scheduler.Bodies);
        Assert.Contains("unit is placed by round_robin (live)", lb.Error, StringComparison.Ordinal);
        Assert.Empty(lb.Out);
    }

    [Fact]
    public async Task What_get_shows_is_what_set_takes()
    {
        Assert.Equal(ExitCode.Passed, await lb.Run("policy", "get", "mixed"));
        Assert.Equal(ExitCode.Passed, await lb.Run("policy", "set", "other", lb.Out.Trim()));

        Assert.Equal(["""{"type":"composite","algorithms":[{"type":"adaptive","weight":0.5}]}"""], scheduler.Bodies);
    }

    [Fact]
    public async Task A_refused_policy_is_2_with_the_reason()
    {
        Assert.Equal(ExitCode.BadInput, await lb.Run("policy", "set", "unit", "fastest"));

        Assert.Contains("Unknown placement policy 'fastest'", lb.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_of_all_pages_are_listed_with_limit_holders_and_waiters()
    {
        Assert.Equal(ExitCode.Passed, await lb.Run("key"));

        Assert.Contains("license  2      1     3        configuration  00000000-0000-0000-0000-000000000000 on w-1", lb.Out, StringComparison.Ordinal);
        Assert.Contains("rig", lb.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_limit_and_a_weight_are_set_and_taken_back_for_any_name()
    {
        Assert.Equal(ExitCode.Passed, await lb.Run("key", "set", "a b", "4"));
        Assert.Equal(ExitCode.Passed, await lb.Run("key", "reset", "a/b"));
        Assert.Equal(ExitCode.Passed, await lb.Run("share", "set", "ci", "2.5"));
        Assert.Equal(ExitCode.Passed, await lb.Run("share", "reset", "ci"));

        Assert.Equal(
            ["PUT /api/keys/a%20b", "DELETE /api/keys/a%2Fb", "PUT /api/shares/ci", "DELETE /api/shares/ci"], scheduler.Requests);
        Assert.Equal(["""{"limit":4}""", """{"weight":2.5}"""], scheduler.Bodies);
        Assert.Contains("key a b may be held by 4 (configuration); 1 hold it, 3 wait", lb.Error, StringComparison.Ordinal);
        Assert.Contains("submitter ci has weight 1 (default)", lb.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("policy list --json")]
    [InlineData("policy --json list")]
    [InlineData("policy set unit adaptive --json")]
    [InlineData("key list --json")]
    [InlineData("key set license 4 --json")]
    [InlineData("share --json")]
    [InlineData("share set ci 2 --json")]
    public async Task Json_is_one_document_and_nothing_else(string command)
    {
        Assert.Equal(ExitCode.Passed, await lb.Run(command.Split(' ')));

        Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(lb.Out).RootElement.ValueKind);
        Assert.True(command.Contains("list", StringComparison.Ordinal) || lb.Error.Length == 0);
    }

    [Fact]
    public async Task All_keys_are_one_json_page()
    {
        await lb.Run("key", "--json");

        Assert.Equal(["license", "rig"], JsonSerializer.Deserialize<KeyPage>(lb.Out, JsonSerializerOptions.Web)!.Keys.Select(key => key.Key));
    }

    [Theory]
    [InlineData("policy lst", "nearest is \"list\"")]
    [InlineData("policy set unit", "lb policy set --help shows what it takes")]
    [InlineData("key set license many", "many")]
    [InlineData("share set ci NaN", "WEIGHT is NaN")]
    public async Task Bad_usage_is_2_and_says_what_to_do(string command, string message)
    {
        Assert.Equal(ExitCode.BadInput, await lb.Run(command.Split(' ')));

        Assert.Contains(message, lb.Error, StringComparison.Ordinal);
        Assert.Empty(scheduler.Requests);
    }

    [Theory]
    [InlineData("policy --help", "reset")]
    [InlineData("key set --help", "LIMIT")]
    [InlineData("share reset --help", "SUBMITTER")]
    public async Task Every_verb_has_help(string command, string says)
    {
        Assert.Equal(ExitCode.Passed, await lb.Run(command.Split(' ')));

        Assert.Contains(says, lb.Out, StringComparison.Ordinal);
    }
}
