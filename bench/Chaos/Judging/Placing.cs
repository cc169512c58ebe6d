namespace LoadBalancer.Chaos.Judging;

/// <summary>Whether each process ran where its test may run, with the devices it asked for.</summary>
internal static class Placing
{
    public static IEnumerable<Violation> Violations(
        IReadOnlyList<Execution> executions, IReadOnlyList<WorkerShape> workers, IReadOnlyDictionary<Guid, AskedTest> tests)
    {
        foreach (var execution in executions)
        {
            if (Fault(execution, workers.FirstOrDefault(worker => worker.Id == execution.WorkerId), tests.GetValueOrDefault(execution.RunId)) is { } fault)
                yield return new Violation(Harm.Misplaced, $"{execution}: {fault}", [execution.RunId]);
        }
    }

    private static string? Fault(Execution execution, WorkerShape? worker, AskedTest? test)
    {
        if (worker is null)
            return "there is no such worker";
        if (test is null)
            return "nobody asked for this run";
        if (test.Labels.FirstOrDefault(label => worker.Labels.GetValueOrDefault(label.Key) != label.Value) is { Key: { } name })
            return $"the worker is not labelled {name}={test.Labels[name]}";

        return test.Devices.Select(wanted => DeviceFault(wanted.Key, wanted.Value, execution, worker)).FirstOrDefault(fault => fault is not null);
    }

    private static string? DeviceFault(string type, double amount, Execution execution, WorkerShape worker)
    {
        var needed = (int)Math.Ceiling(amount);
        var given = execution.Devices.Where(device => device.StartsWith($"{type}:", StringComparison.Ordinal)).Distinct().Count();
        if (worker.Devices.GetValueOrDefault(type) < needed)
            return $"the worker has not {needed} {type}";

        return given == needed ? null : $"it was given {given} {type} instead of {needed}";
    }
}
