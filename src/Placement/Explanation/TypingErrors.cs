namespace LoadBalancer.Placement;

/// <summary>Required names that are on no registered worker although one much like them is: most likely they are misspelt.</summary>
internal static class TypingErrors
{
    public static List<string> In(Needs needs, IReadOnlyCollection<RegisteredWorker> workers)
    {
        var wanted = needs.Requirements;
        var hints = new List<string>();
        if (wanted.RequiredBackend is { Length: > 0 } backend)
            Look("backend", [backend], workers.SelectMany(worker => worker.Backends));
        Look("browser", wanted.Browsers, workers.SelectMany(worker => worker.Browsers));
        Look("software", wanted.Software.Keys, workers.SelectMany(worker => worker.Software.Keys));
        Look("accelerator", needs.Accelerators.Select(need => need.Type), workers.SelectMany(worker => worker.DeviceTypes));
        Look("accelerator model", wanted.AcceleratorModels, workers.SelectMany(worker => worker.Profile.Devices).Select(device => device.Model));
        hints.AddRange(wanted.Labels.Select(label => OfLabel(label, workers)).OfType<string>());
        return hints;

        void Look(string what, IEnumerable<string> names, IEnumerable<string> known) =>
            hints.AddRange(names.Select(name => Hint($"{what} '{name}'", name, known, StringComparer.OrdinalIgnoreCase)).OfType<string>());
    }

    private static string? OfLabel(KeyValuePair<string, string> label, IReadOnlyCollection<RegisteredWorker> workers)
    {
        var values = workers.Where(worker => worker.Profile.Labels.ContainsKey(label.Key)).Select(worker => worker.Profile.Labels[label.Key]).ToList();
        return values.Count > 0
            ? Hint($"label {label.Key}='{label.Value}'", label.Value, values, StringComparer.Ordinal)
            : Hint($"label '{label.Key}'", label.Key, workers.SelectMany(worker => worker.Profile.Labels.Keys), StringComparer.Ordinal);
    }

    private static string? Hint(string subject, string name, IEnumerable<string> known, StringComparer comparer)
    {
        var names = known.ToHashSet(comparer);
        return !names.Contains(name) && NearName.Of(name, names) is { } near ? $"{subject} is on no worker; did you mean '{near}'?" : null;
    }
}
