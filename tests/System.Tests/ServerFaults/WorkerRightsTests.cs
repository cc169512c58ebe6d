using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.ServerFaults;

/// <summary>
/// A worker whose broker user may not do what every worker must can never work: it ends and names what is missing. A broker that is away
/// is waited for, which <see cref="BrokerFaultTests"/> shows.
/// </summary>
public sealed class WorkerRightsTests(TestServers servers) : SystemTest(servers)
{
    private const string Declared = "^worker-(w1(-control|-reply-[0-9a-f]+)?|events|heartbeats)$";
    private const string Written = Declared;
    private const string Read = "^worker-w1(-control|-reply-[0-9a-f]+)?$";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    [Theory]
    [InlineData(Declared, "^worker-(w1(-control|-reply-[0-9a-f]+)?|heartbeats)$", Read, "write right on exchange 'worker-events'")]
    [InlineData(Declared, "^worker-(w1(-control|-reply-[0-9a-f]+)?|events)$", Read, "write right on exchange 'worker-heartbeats'")]
    [InlineData(Declared, "^worker-(w1|w1-reply-[0-9a-f]+|events|heartbeats)$", Read, "write right on queue 'worker-w1-control'")]
    [InlineData(Declared, Written, "^worker-w1(-control|-reply-[0-9a-f]+)$", "read right on queue and exchange 'worker-w1'")]
    [InlineData(Declared, Written, "^worker-w1(-reply-[0-9a-f]+)?$", "read right on queue and exchange 'worker-w1-control'")]
    [InlineData(Declared, Written, "^worker-w1(-control)?$", "read right on queue and exchange 'worker-w1-reply-")]
    [InlineData("^worker-(w1-reply-[0-9a-f]+|events|heartbeats)$", Written, Read, "configure right on queue 'worker-w1'")]
    [InlineData("^worker-w1(-control|-reply-[0-9a-f]+)?$", Written, Read, "configure right on exchange 'worker-events'")]
    public async Task A_worker_without_a_right_ends_and_names_itself_its_user_the_right_and_what_it_is_missed_on(
        string configure, string write, string read, string missing)
    {
        var user = await Broker.NewUserAsync(configure, write, read);
        await EndsAsync(user, NameIn(user), missing);
    }

    [Fact]
    public async Task A_worker_that_the_broker_does_not_let_in_ends_and_says_so()
    {
        var user = NameIn(Broker.Url);
        await EndsAsync(new UriBuilder(Broker.Url) { Password = "wrong" }.Uri, user, "Broker__Url");
        await EndsAsync(new UriBuilder(Broker.Url) { UserName = "nobody" }.Uri, "nobody", "Broker__Url");
        await EndsAsync(new Uri(Broker.Url, "/nowhere"), user, "nowhere");
    }

    private async Task EndsAsync(Uri broker, string user, string cause)
    {
        var worker = await LaunchWorkerAsync("w1", broker: broker);
        Assert.Equal(2, await worker.WaitForEndOfProcessAsync(Limit));
        var line = Assert.Single(worker.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.All(["worker 'w1'", $"user '{user}'", cause], part => Assert.Contains(part, line, StringComparison.Ordinal));
    }

    private static string NameIn(Uri address) => address.UserInfo.Split(':')[0];
}
