using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>What tests of a worker's faults share: leases, and runs that say themselves when and where they lived.</summary>
public abstract class WorkerFaultTest(TestServers servers) : SystemTest(servers)
{
    /// <summary>Its end can be waited for, and a loaded machine does not lose it.</summary>
    private protected static readonly (string Name, string Value)[] ShortLease =
        [("Scheduler__LeaseDuration", "00:00:15"), ("Scheduler__KillGrace", "00:00:04"), ("Scheduler__DoubtAfter", "00:00:05")];

    /// <summary>No test lasts so long: what happens at once does not happen because a lease ended.</summary>
    private protected static readonly (string Name, string Value)[] LongLease = [("Scheduler__LeaseDuration", "00:10:00")];

    private protected static readonly (string Name, string Value)[] Quick =
        [("Worker__HeartbeatInterval", "00:00:01"), ("Worker__KillGrace", "00:00:04")];

    private protected Journal NewJournal(string name) => new(Folder, name);

    private protected async Task<Guid> SubmitAsync(Journal journal, params (string Name, JsonNode Value)[] more)
    {
        var submission = Submission.Shell(journal.Script, testId: journal.Name, more: more);
        await Client.SubmitAsync(submission);
        return Submission.RunIdOf(submission);
    }

    /// <summary>A small need of memory and cores, and whatever else.</summary>
    private protected static (string Name, JsonNode Value) Requiring(string name, JsonNode value) =>
        ("requirements", new JsonObject { ["minimumMemoryGb"] = 0.01, ["cpuCores"] = 0.1, [name] = value });

    private protected Task<long> EvidenceAsync(Guid runId, int attempt) => Database.ScalarAsync<long>(
        "SELECT count(*) FROM outcomes WHERE run_id = @run AND attempt = @attempt AND NOT accepted", ("run", runId), ("attempt", attempt));
}
