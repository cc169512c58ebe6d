using LoadBalancer.Contracts;
using LoadBalancer.Worker.Detection;
using LoadBalancer.Worker.Processes;

namespace LoadBalancer.Worker.Tests.Detection;

public sealed class DetectionTests
{
    [Fact]
    public void Nvidia_devices_are_read_one_by_one()
    {
        var devices = NvidiaDevices.Parse("""
            0, GPU-5a1b8f0e-6f0b-9b6e-2a8c-0d1f8a4c7e11, NVIDIA H100 80GB HBM3, 81559, 550.54.15
            1, GPU-77ab01de-1c2d-3e4f-5a6b-7c8d9e0f1a2b, NVIDIA H100 80GB HBM3, 81559, 550.54.15
            """);

        Assert.Equal(2, devices.Count);
        Assert.Equal(
            new Accelerator { Type = "cuda", Id = "GPU-5a1b8f0e-6f0b-9b6e-2a8c-0d1f8a4c7e11", Model = "NVIDIA H100 80GB HBM3", MemoryGb = 85.52, Driver = "550.54.15" },
            devices[0]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("No devices were found")]
    [InlineData("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.")]
    [InlineData("Unable to determine the device handle for GPU0000:01:00.0: Unknown Error, a, b, c, d")]
    public void What_is_no_device_is_not_listed(string answer) => Assert.Empty(NvidiaDevices.Parse(answer));

    [Theory]
    [InlineData("10.0.401", "10.0.401")]
    [InlineData("Python 3.11.2", "3.11.2")]
    [InlineData("v18.20.4", "18.20.4")]
    [InlineData("git version 2.39.5", "2.39.5")]
    [InlineData("git version 2.39.3 (Apple Git-146)", "2.39.3")]
    [InlineData("openjdk version \"17.0.13\" 2024-10-15\nOpenJDK Runtime Environment (build 17.0.13+11)", "17.0.13")]
    [InlineData("openjdk version \"21\" 2023-09-19", "21")]
    [InlineData("go version go1.22.1 linux/amd64", "1.22.1")]
    [InlineData("rustc 1.75.0 (82e1608df 2023-12-21)", "1.75.0")]
    [InlineData("Chromium 120.0.6099.224 built on Debian 12.4, running on Debian 12.8", "120.0.6099.224")]
    [InlineData("Mozilla Firefox 128.5.0esr", "128.5.0")]
    [InlineData("10.0.100-rc.2", "10.0.100-rc.2")]
    [InlineData("no version here", null)]
    [InlineData(null, null)]
    public void Versions_are_found_in_what_programs_say(string? answer, string? version) =>
        Assert.Equal(version, InstalledSoftware.VersionIn(answer));

    [Fact]
    public void Physical_cores_are_told_from_threads_and_never_exceed_what_the_process_may_use()
    {
        var cpuInfo = string.Join("\n\n", new[] { (0, 0), (0, 1), (0, 0), (0, 1), (1, 0), (1, 1), (1, 0), (1, 1) }.Select(core =>
            $"processor\t: 0\nmodel name\t: AMD EPYC 7B13\nphysical id\t: {core.Item1}\ncore id\t\t: {core.Item2}"));

        Assert.Equal(new Processor("AMD EPYC 7B13", 4), Processor.Parse(cpuInfo, threads: 8));
        Assert.Equal(new Processor("AMD EPYC 7B13", 2), Processor.Parse(cpuInfo, threads: 2));
        Assert.Equal(new Processor("", 6), Processor.Parse("", threads: 6));
    }

    [Theory]
    [InlineData("0::/a/b", "sys/fs/cgroup/a/b/memory.max", "max", "sys/fs/cgroup/a/memory.max", 2)]
    [InlineData("0::/a/b", "sys/fs/cgroup/a/b/memory.max", "3000000000", "sys/fs/cgroup/a/memory.max", 2)]
    [InlineData("5:cpu,memory:/c", "sys/fs/cgroup/memory/c/memory.limit_in_bytes", "9223372036854771712", "sys/fs/cgroup/memory/memory.limit_in_bytes", 2)]
    [InlineData("0::/other", "sys/fs/cgroup/none", "", "sys/fs/cgroup/a/memory.max", 16.384)]
    public void The_tightest_control_group_limits_the_memory(string group, string inner, string innerLimit, string outer, double expectedGb)
    {
        using var root = new TemporaryFolder();
        root.Write("proc/meminfo", "MemTotal:       16000000 kB\nMemFree: 1 kB\nMemAvailable:    4000000 kB\n");
        root.Write("proc/self/cgroup", group + "\n");
        root.Write(inner, innerLimit + "\n");
        root.Write(outer, "2000000000\n");

        Assert.Equal(expectedGb, Memory.TotalGb(root.Path), 6);
        Assert.Equal(0.75, Memory.Use(root.Path), 6);
    }

    [Fact]
    public void The_operating_system_is_read_from_its_release_file() =>
        Assert.Equal(
            new OperatingSystemName("debian", "12"),
            OperatingSystemName.Parse("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n"));

    [Fact]
    public async Task A_machine_is_put_together_from_what_its_programs_answer()
    {
        var machine = await CapabilityDetection.OfMachineAsync(Recorded, TestContext.Current.CancellationToken);

        Assert.Equal(["cpu", "cuda"], machine.Backends);
        Assert.Equal("NVIDIA H100 80GB HBM3", Assert.Single(machine.Accelerators).Model);
        Assert.Equal("3.11.2", machine.Software["python"]);
        Assert.False(machine.Software.ContainsKey("go"));
        Assert.Equal("128.5.0", Assert.Single(machine.Browsers).Version);
        Assert.True(machine is { CpuCores: > 0, CpuThreads: > 0, MemoryGb: > 0 });
    }

    [Fact]
    public void Simulated_hardware_is_added_and_says_so()
    {
        var machine = new WorkerCapabilities { Architecture = "x64", CpuModel = "CPU @ 2.0GHz", CpuThreads = 4, Backends = ["cpu"], MemoryGb = 8 };
        var options = new WorkerOptions
        {
            Id = "gpu",
            Labels = new Dictionary<string, string> { ["zone"] = "a" },
            Simulate = new SimulatedHardware
            {
                Accelerators = [new SimulatedAccelerators { Type = "cuda", Model = "H100", MemoryGb = 80, Count = 2 }],
                Backends = ["onnx"],
                MemoryGb = 64,
                Software = new Dictionary<string, string> { ["cuda"] = "12.4" },
            },
        };

        var worker = CapabilityDetection.OfWorker(machine, options, "/");

        Assert.Equal(["cpu", "cuda", "onnx"], worker.Backends);
        Assert.Equal(2, worker.Accelerators.Select(device => device.Id).Distinct().Count());
        Assert.All(worker.Accelerators, device => Assert.True(device is { Simulated: true, Driver: "simulated", Type: "cuda", MemoryGb: 80 }));
        Assert.Equal((64, "12.4", "a"), (worker.MemoryGb, worker.Software["cuda"], worker.Labels["zone"]));
        Assert.Equal("x64-cpu-2.0ghz-4t-2x-cuda-h100", worker.Class);
        Assert.Equal("mine", CapabilityDetection.OfWorker(machine, options with { Labels = new Dictionary<string, string> { ["class"] = "mine" } }, "/").Class);
    }

    [Fact]
    public async Task A_probe_that_hangs_is_killed_and_answers_nothing()
    {
        var mark = new ProcessMark(Guid.NewGuid().ToString("N"));
        var started = TimeProvider.System.GetTimestamp();

        var answer = await AskAsync("trap '' TERM; echo 1.2.3; sleep 1000", TimeSpan.FromMilliseconds(300), mark);

        Assert.Null(answer);
        Assert.Empty(mark.Bearers());
        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData("echo 1.2.3 >&2", "1.2.3")]
    [InlineData("echo 1.2.3; exit 1", null)]
    public async Task A_probe_answers_with_what_the_program_says_unless_it_fails(string script, string? answer) =>
        Assert.Equal(answer, await AskAsync(script, TimeSpan.FromSeconds(20), new ProcessMark(Guid.NewGuid().ToString("N"))));

    [Fact]
    public async Task This_machine_has_the_sdk_that_built_the_test()
    {
        var machine = await CapabilityDetection.OfThisMachineAsync(TimeProvider.System, TestContext.Current.CancellationToken);

        Assert.StartsWith("10.", machine.Software["dotnet"], StringComparison.Ordinal);
    }

    private static async Task<string?> AskAsync(string script, TimeSpan limit, ProcessMark mark)
    {
        using var guard = new Guard(mark, TimeProvider.System);
        var probe = new ProgramProbe(new ProcessRunner(guard, mark, TimeSpan.Zero, TimeProvider.System, MemoryKills.Here()), limit);
        return await probe.AskAsync("sh", ["-c", script], TestContext.Current.CancellationToken);
    }

    private static Task<string?> Recorded(string executable, IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        Task.FromResult(executable switch
        {
            "nvidia-smi" => "0, GPU-5a1b8f0e, NVIDIA H100 80GB HBM3, 81559, 550.54.15",
            "python3" => "Python 3.11.2",
            "firefox-esr" => "Mozilla Firefox 128.5.0esr",
            _ => null,
        });
}
