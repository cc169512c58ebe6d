using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;
using Npgsql;

namespace LoadBalancer.System.Tests.ServerFaults;

/// <summary>Settings and rights with which a program can never begin: it ends, and its last words name the cause.</summary>
public sealed class StartFaultTests(TestServers servers, OwnDatabase database) : SystemTest(servers), IClassFixture<OwnDatabase>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    private protected override DatabaseServer DatabaseServer => database.Server;

    [Fact]
    public async Task A_scheduler_that_the_broker_does_not_let_in_ends_and_says_so()
    {
        await SchedulerEndsAsync(WithWrongPassword(Broker.Url), "Broker:Url", "refuses this user");
        await SchedulerEndsAsync(new Uri(Broker.Url, "/nowhere"), "Broker:Url", "nowhere");
    }

    [Theory]
    [InlineData("^(assignments|test-events)$", ".*", ".*", "submit-test")]
    [InlineData(".*", ".*", "^(assignments|test-events|worker-.*)$", "submit-test")]
    [InlineData(".*", "^(submit-test|cancel-test|test-events|worker-.*)$", ".*", "assignments")]
    public async Task A_scheduler_without_a_right_ends_and_names_what_it_may_not_use(string configure, string write, string read, string name) =>
        await SchedulerEndsAsync(await Broker.NewUserAsync(configure, write, read), name, "access");

    [Fact]
    public async Task A_scheduler_whose_queue_is_of_another_kind_ends_and_names_the_queue()
    {
        await using var channel = await Client.NewChannelAsync();
        await channel.QueueDeclareAsync(
            "submit-test", durable: true, exclusive: false, autoDelete: false, cancellationToken: TestContext.Current.CancellationToken);
        await SchedulerEndsAsync(Broker.Url, "submit-test", "x-queue-type");
    }

    [Fact]
    public async Task A_scheduler_that_the_database_does_not_let_in_ends_and_says_so()
    {
        var wrong = new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Username = PrivatePostgres.AskedRole, Password = "wrong" };
        await SchedulerEndsAsync(wrong.ConnectionString, "Database:ConnectionString", $"\"{PrivatePostgres.AskedRole}\"");
        var missing = new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Database = "nowhere" };
        await SchedulerEndsAsync(missing.ConnectionString, "Database:ConnectionString", "nowhere");
    }

    private Task SchedulerEndsAsync(Uri broker, params string[] words) => SchedulerEndsAsync(broker, Database.ConnectionString, words);

    private Task SchedulerEndsAsync(string connectionString, params string[] words) => SchedulerEndsAsync(Broker.Url, connectionString, words);

    private async Task SchedulerEndsAsync(Uri broker, string connectionString, string[] words) =>
        await EndsAsync(await LaunchSchedulerAsync(broker, connectionString), words);

    private static async Task EndsAsync(ServiceProcess process, string[] words)
    {
        Assert.NotEqual(0, await process.WaitForEndOfProcessAsync(Limit));
        var line = process.Output.Split('\n').FirstOrDefault(line => words.All(word => line.Contains(word, StringComparison.Ordinal)));
        Assert.True(line is not null, $"no line with {string.Join(" and ", words)}\n{process.Log}");
    }

    private static Uri WithWrongPassword(Uri url) => new UriBuilder(url) { Password = "wrong" }.Uri;
}
