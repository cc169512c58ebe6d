using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Dispatch;

/// <summary>From what is submitted and registered to what the planner decides on. The only place that knows both.</summary>
internal static class Demands
{
    public static TestDemand Of(TestRun run)
    {
        var test = run.Submission ?? throw new InvalidOperationException($"run {run.CorrelationId} waits without a submission");
        return Of(test, run.CorrelationId, run.SubmittedAt) with
        {
            Attempt = run.Attempt + 1,
            Submitter = run.Submitter,
            Priority = run.Priority,
            AvoidWorkers = run.FailedOn,
            NotBefore = run.NotBefore,
            WasMoved = run.WasMoved,
        };
    }

    public static TestDemand Of(SubmitTest test, Guid runId, DateTimeOffset submittedAt) => new()
    {
        RunId = runId,
        Attempt = 1,
        TestId = test.TestId,
        TestType = test.TestType,
        ModelId = test.ModelId,
        ModelFamily = test.ModelFamily,
        WorkspaceRevision = test.Workspace?.Revision ?? "",
        Submitter = test.Submitter ?? "default",
        Priority = test.Priority,
        SubmittedAt = submittedAt,
        ExpectedDuration = test.ExpectedDurationSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        Requirements = Of(test.Requirements),
        ConcurrencyKeys = test.ConcurrencyKeys,
    };

    public static WorkerProfile Of(WorkerSession session, bool accepting)
    {
        var has = session.Capabilities;
        return new WorkerProfile
        {
            WorkerId = session.WorkerId,
            Class = has.Class,
            Slots = session.Slots,
            MemoryGb = has.MemoryGb,
            // A worker that does not know its physical cores is taken at its logical ones.
            CpuCores = has.CpuCores > 0 ? has.CpuCores : has.CpuThreads,
            DiskGb = has.DiskGb,
            Backends = has.Backends,
            Devices = [.. has.Accelerators.Select(device => new Device(device.Type, device.Id, device.Model, device.MemoryGb))],
            Browsers = [.. has.Browsers.Select(browser => browser.Name)],
            Software = has.Software,
            Labels = has.Labels,
            Accepting = accepting,
        };
    }

    private static Requirements Of(TestRequirements needs) => new()
    {
        MemoryGb = needs.MinimumMemoryGb,
        CpuCores = needs.CpuCores,
        DiskGb = needs.DiskGb,
        RequiredBackend = needs.RequiredBackend,
        PreferredBackend = needs.PreferredBackend,
        Accelerators = needs.RequiredAccelerators,
        AcceleratorMemoryGb = needs.AcceleratorMemoryGb,
        AcceleratorModels = needs.AcceleratorModels,
        Software = needs.RequiredSoftware,
        Browsers = needs.Browsers,
        Labels = needs.Labels,
    };
}
