using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using LoadBalancer.Contracts;
using LoadBalancer.Worker.Processes;

namespace LoadBalancer.Worker.Detection;

/// <summary>What this machine is, and what a worker on it says it is: the machine with its settings applied.</summary>
internal static partial class CapabilityDetection
{
    private const double BytesPerGb = 1e9;

    /// <summary>Looks at this machine.</summary>
    public static async Task<WorkerCapabilities> OfThisMachineAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        var mark = new ProcessMark(Guid.NewGuid().ToString("N"));
        using var guard = new Guard(mark, time);
        var probe = new ProgramProbe(new ProcessRunner(guard, mark, killGrace: TimeSpan.Zero, time, MemoryKills.Here()), ProgramProbe.DefaultLimit);
        return await OfMachineAsync(probe.AskAsync, cancellationToken);
    }

    /// <summary>Looks at a machine through a probe; each question is answered within the probe's limit or not at all.</summary>
    public static async Task<WorkerCapabilities> OfMachineAsync(CommandProbe probe, CancellationToken cancellationToken)
    {
        var devices = NvidiaDevices.DetectAsync(probe, cancellationToken);
        var software = InstalledSoftware.DetectAsync(probe, cancellationToken);
        var browsers = InstalledSoftware.BrowsersAsync(probe, cancellationToken);
        var cpuInfo = File.Exists("/proc/cpuinfo") ? await File.ReadAllTextAsync("/proc/cpuinfo", cancellationToken) : "";
        var processor = Processor.Parse(cpuInfo, Environment.ProcessorCount);
        var system = OperatingSystemName.OfThisMachine();
        var accelerators = await devices;
        return new WorkerCapabilities
        {
            Hostname = Environment.MachineName,
            Os = system.ToString(),
            Architecture = RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant(),
            CpuModel = processor.Model,
            CpuCores = processor.Cores,
            CpuThreads = Environment.ProcessorCount,
            MemoryGb = Math.Round(Memory.TotalGb(), 2),
            Backends = accelerators.Count > 0 ? ["cpu", "cuda"] : ["cpu"],
            Accelerators = accelerators,
            Browsers = await browsers,
            Software = new Dictionary<string, string>(await software) { [system.Name] = system.Version },
        };
    }

    /// <summary>Adds what belongs to one worker: disk of its work directory, labels, simulated hardware, class.</summary>
    public static WorkerCapabilities OfWorker(WorkerCapabilities machine, WorkerOptions options, string workDirectory)
    {
        var simulate = options.Simulate;
        var simulated = simulate.Accelerators.SelectMany(Devices).ToList();
        var software = new Dictionary<string, string>(machine.Software);
        foreach (var (name, version) in simulate.Software)
            software[name] = version;

        var worker = machine with
        {
            DiskGb = Math.Round(new DriveInfo(workDirectory).AvailableFreeSpace / BytesPerGb, 1),
            MemoryGb = simulate.MemoryGb ?? machine.MemoryGb,
            CpuCores = simulate.CpuCores ?? machine.CpuCores,
            CpuThreads = simulate.CpuCores ?? machine.CpuThreads,
            Accelerators = [.. machine.Accelerators, .. simulated],
            Backends = [.. machine.Backends.Concat(simulated.Select(device => device.Type)).Concat(simulate.Backends).Distinct()],
            Browsers = [.. machine.Browsers, .. simulate.Browsers.Select(AsBrowser)],
            Software = software,
            Labels = options.Labels,
        };
        return worker with { Class = options.Labels.GetValueOrDefault("class") ?? simulate.Class ?? ClassOf(worker) };
    }

    /// <summary>Equal hardware gives an equal name: architecture, processor, threads and devices.</summary>
    public static string ClassOf(WorkerCapabilities worker)
    {
        var devices = worker.Accelerators
            .GroupBy(device => $"{device.Type}-{device.Model}", (name, group) => $"{group.Count()}x-{name}")
            .Order(StringComparer.Ordinal);
        var name = string.Join('-', [worker.Architecture, worker.CpuModel, $"{worker.CpuThreads}t", .. devices]);
        return Separators().Replace(name.ToLowerInvariant(), "-").Trim('-');
    }

    private static Browser AsBrowser(SimulatedBrowser browser) =>
        new() { Name = browser.Name, Version = browser.Version, Features = browser.Features };

    private static IEnumerable<Accelerator> Devices(SimulatedAccelerators kind, int position) =>
        Enumerable.Range(0, kind.Count).Select(number => new Accelerator
        {
            Type = kind.Type,
            Id = $"simulated-{kind.Type}-{position}-{number}",
            Model = kind.Model,
            MemoryGb = kind.MemoryGb,
            Driver = "simulated",
            Simulated = true,
        });

    [GeneratedRegex("[^a-z0-9.]+")]
    private static partial Regex Separators();
}
