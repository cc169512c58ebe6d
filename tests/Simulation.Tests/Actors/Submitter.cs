using LoadBalancer.Contracts;

namespace LoadBalancer.Simulation.Tests.Actors;

/// <summary>CI: submits tests until the broker took each of them, some of them twice, and thinks better of some.</summary>
internal sealed class Submitter(World world, int tests, TimeSpan within) : Process(world, "submitter")
{
    /// <summary>What the broker took at least once.</summary>
    public HashSet<Guid> HandedIn { get; } = [];

    protected override void Begin()
    {
        for (var i = 0; i < tests; i++)
        {
            var test = Test(i);
            World.Submissions[test.RunId!.Value] = test;
            World.Name(test.RunId.Value, test.TestId);
            After(World.Chance.Seconds(0, within.TotalSeconds), () => Submit(test));
        }
    }

    private SubmitTest Test(int number)
    {
        var chance = World.Chance;
        var runId = chance.NewGuid();
        if (chance.Of(0.04))
            World.StuckRuns.Add(runId);
        return new SubmitTest
        {
            RunId = runId,
            TestId = $"test-{number}",
            Priority = chance.Between(1, 5),
            Retries = chance.Between(0, 2),
            TimeoutSeconds = chance.Of(0.2) ? 5 : 600,
            QueueTimeoutSeconds = chance.Of(0.1) ? chance.Between(5, 60) : null,
            RequeueOnWorkerLoss = chance.Of(0.9),
            ConcurrencyKeys = chance.Of(0.3) ? ["licence"] : [],
            Requirements = new TestRequirements
            {
                MinimumMemoryGb = chance.Between(0.5, 6),
                CpuCores = chance.Between(1, 3),
                RequiredAccelerators = chance.Of(0.2) ? new Dictionary<string, double> { ["cuda"] = chance.One([0.5, 1]) } : new Dictionary<string, double>(),
                Labels = chance.Of(0.15) ? new Dictionary<string, string> { ["zone"] = chance.One(["a", "b", "nowhere"]) } : new Dictionary<string, string>(),
            },
        };
    }

    private void Submit(SubmitTest test)
    {
        World.Network.Send(this, Names.SubmitTest, test, sent =>
        {
            if (sent is Sent.Confirmed)
                HandedIn.Add(test.RunId!.Value);
            if (sent is not Sent.Confirmed || World.Chance.Of(0.1))
                After(World.Chance.Seconds(0.1, 5), () => Submit(test));
        });
        if (World.Chance.Of(0.08))
            After(World.Chance.Seconds(0, 90), () => Cancel(test.RunId!.Value));
    }

    private void Cancel(Guid runId)
    {
        World.Trace($"{World.NameOf(runId)} is no longer wanted");
        World.Network.Send(this, Names.CancelTest, new CancelTest { RunId = runId }, sent =>
        {
            if (sent is not Sent.Confirmed)
                After(World.Chance.Seconds(0.1, 5), () => Cancel(runId));
        });
    }
}
