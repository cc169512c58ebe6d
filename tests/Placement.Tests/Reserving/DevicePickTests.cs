namespace LoadBalancer.Placement.Tests;

public sealed class DevicePickTests
{
    [Fact]
    public void A_share_goes_to_the_device_of_which_least_is_left()
    {
        var worker = Worker([("1", 0.5)], Given.Cuda("0"), Given.Cuda("1"));

        Assert.Equal(new DeviceShare("cuda", "1", 0.25, 4), Assert.Single(Pick(worker, 0.25)!));
        Assert.Equal("0", Assert.Single(Pick(worker, 0.75)!).Id);
    }

    [Fact]
    public void Whole_devices_are_the_smallest_with_enough_memory()
    {
        var worker = Worker([], Given.Cuda("0", 80), Given.Cuda("1", 16), Given.Cuda("2", 24), Given.Cuda("3", 8));

        Assert.Equal(["1", "2"], Pick(worker, 2, memoryGb: 12)!.Select(device => device.Id));
    }

    [Fact]
    public void A_device_of_which_a_share_is_taken_is_not_whole()
    {
        var worker = Worker([("0", 0.1)], Given.Cuda("0"), Given.Cuda("1"));

        Assert.Equal("1", Assert.Single(Pick(worker, 1)!).Id);
        Assert.Null(Pick(worker, 2));
    }

    [Fact]
    public void Of_a_shared_device_the_share_of_its_memory_must_suffice()
    {
        var worker = Worker([], Given.Cuda("0", 16), Given.Cuda("1", 40));

        Assert.Equal(new DeviceShare("cuda", "1", 0.25, 10), Assert.Single(Pick(worker, 0.25, memoryGb: 8)!));
        Assert.Null(Pick(worker, 0.25, memoryGb: 12));
    }

    [Fact]
    public void Three_thirds_fill_a_device()
    {
        var device = Given.Cuda("0");

        Assert.NotNull(Pick(Worker([("0", 2.0 / 3)], device), 1.0 / 3));
        Assert.Null(Pick(Worker([("0", 1)], device), 1.0 / 3));
    }

    [Fact]
    public void Only_devices_of_an_accepted_model_are_taken()
    {
        var worker = Worker([], Given.Cuda("0", model: "K80"), Given.Cuda("1", model: "A100"));

        Assert.Equal("1", Assert.Single(Pick(worker, 1, 0, "v100", "a100")!).Id);
    }

    [Fact]
    public void All_types_or_none_are_taken()
    {
        var needs = new Needs(new Requirements { Accelerators = new Dictionary<string, double> { ["cuda"] = 1, ["npu"] = 1 } });
        var both = new RegisteredWorker(Given.Worker("w", devices: [Given.Cuda("0"), new Device("npu", "n0", "", 0)]), 0);
        var one = new RegisteredWorker(Given.Worker("w", devices: Given.Cuda("0")), 0);

        Assert.Equal(["0", "n0"], DevicePick.Of(needs, both)!.Select(device => device.Id));
        Assert.Null(DevicePick.Of(needs, one));
    }

    private static IReadOnlyList<DeviceShare>? Pick(RegisteredWorker worker, double amount, double memoryGb = 0, params string[] models) =>
        DevicePick.Of(new Needs(Given.Accelerators(amount, memoryGb, models)), worker);

    private static RegisteredWorker Worker((string Id, double Share)[] used, params Device[] devices) =>
        new(Given.Worker("w", devices: devices), 0)
        {
            Used = Usage.None with { DeviceShares = used.ToDictionary(entry => entry.Id, entry => entry.Share) },
        };
}
