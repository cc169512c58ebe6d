using Microsoft.Extensions.Configuration;

namespace LoadBalancer.Worker.Tests;

public sealed class WorkerSettingsTests
{
    [Fact]
    public void The_defaults_are_a_worker_that_can_start()
    {
        var options = Read();

        Assert.Null(WorkerId.Fault(options.Id));
        Assert.Equal(Environment.ProcessorCount, options.Slots);
        Assert.EndsWith(options.Id, options.WorkDirectoryPath, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_are_read_down_to_simulated_devices()
    {
        var options = Read(
            ("Worker:Id", "gpu-1"), ("Worker:Slots", "3"), ("Worker:Labels:zone", "a"), ("Worker:HeartbeatInterval", "00:00:01"),
            ("Worker:AllowedExecutables:0", "python3"), ("Worker:OnShutdown", "Finish"), ("Worker:Simulate:Software:cuda", "12.4"),
            ("Worker:Simulate:Accelerators:0:Type", "cuda"), ("Worker:Simulate:Accelerators:0:Model", "H100"),
            ("Worker:Simulate:Accelerators:0:MemoryGb", "80"), ("Worker:Simulate:Accelerators:0:Count", "2"));

        Assert.Equal(("gpu-1", 3, "a", "python3"), (options.Id, options.Slots, options.Labels["zone"], options.AllowedExecutables[0]));
        Assert.Equal((TimeSpan.FromSeconds(1), ShutdownMode.Finish), (options.HeartbeatInterval, options.OnShutdown));
        Assert.Equal(new SimulatedAccelerators { Type = "cuda", Model = "H100", MemoryGb = 80, Count = 2 }, Assert.Single(options.Simulate.Accelerators));
        Assert.Equal("12.4", options.Simulate.Software["cuda"]);
    }

    [Theory]
    [InlineData("Id", "UPPER", "a-z, 0-9 and -")]
    [InlineData("Id", "events", "queue of the scheduler")]
    [InlineData("Id", "heartbeats", "queue of the scheduler")]
    [InlineData("Id", "a-control", "-control")]
    [InlineData("Id", "a-reply-b", "-reply-")]
    [InlineData("Id", "a\n", "a-z, 0-9 and -")]
    [InlineData("Slots", "0", "1 to 1024")]
    [InlineData("HeartbeatInterval", "00:00:00", "hours:minutes:seconds")]
    [InlineData("Simulate:Accelerators:0:Model", "H100", "must name a device type")]
    [InlineData("Simulate:MemoryGb", "-1", "above 0")]
    public void A_value_that_cannot_work_is_refused_with_its_name_the_value_and_the_fix(string name, string value, string fix)
    {
        var error = Assert.Throws<SettingException>(() => Read(($"Worker:{name}", value)));

        Assert.StartsWith($"Worker:{name.Replace(":0:Model", ":Type", StringComparison.Ordinal)} (Worker__", error.Message, StringComparison.Ordinal);
        Assert.Contains(fix, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Worker:Slot", "Slots")]
    [InlineData("Worker:Simulate:Accelerator:0:Type", "Accelerators")]
    [InlineData("Worker:Simulate:Accelerators:0:Typ", "Type")]
    public void An_unknown_setting_is_refused_by_name(string name, string known)
    {
        var error = Assert.Throws<SettingException>(() => Read((name, "1")));

        Assert.Contains("is not a setting", error.Message, StringComparison.Ordinal);
        Assert.Contains(known, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_setting_without_a_value_is_refused_by_name() =>
        Assert.StartsWith("Worker:Id has no value", Assert.Throws<SettingException>(() => Read(("Worker:Id", null))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_value_of_the_wrong_kind_is_refused_by_name() =>
        Assert.Contains("Worker:Slots", Assert.Throws<SettingException>(() => Read(("Worker:Slots", "many"))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("http://host")]
    [InlineData("nonsense")]
    public void A_broker_url_is_needed_and_a_bad_one_is_not_repeated(string url)
    {
        var error = Assert.Throws<SettingException>(() => WorkerSettings.BrokerUrl(Configuration(("Broker:Url", url))));

        Assert.Contains("Broker__Url", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("nonsense", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_configuration_ends_the_process_with_exit_code_2() =>
        Assert.Equal(2, await WorkerHost.RunAsync(["--Worker:Slots=0", "--Broker:Url=amqp://localhost"]));

    private static WorkerOptions Read(params (string Name, string? Value)[] settings) => WorkerSettings.Worker(Configuration(settings));

    private static IConfigurationRoot Configuration(params (string Name, string? Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(setting => setting.Name, setting => setting.Value)).Build();
}
