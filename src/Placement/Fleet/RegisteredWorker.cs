namespace LoadBalancer.Placement;

/// <summary>A worker as the fleet knows it: its profile made fit for looking things up, and what is reserved on it.</summary>
internal sealed class RegisteredWorker
{
    private readonly Dictionary<string, IReadOnlyList<Device>> devices;

    /// <param name="profile">What it says about itself.</param>
    /// <param name="index">Its place in every <see cref="WorkerSet"/>, its own as long as it is registered.</param>
    public RegisteredWorker(WorkerProfile profile, int index)
    {
        Profile = profile;
        Index = index;
        Backends = new HashSet<string>(profile.Backends, StringComparer.OrdinalIgnoreCase);
        Browsers = new HashSet<string>(profile.Browsers, StringComparer.OrdinalIgnoreCase);
        Software = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, version) in profile.Software)
            Software.TryAdd(name, version);

        devices = profile.Devices
            .DistinctBy(device => device.Id, StringComparer.Ordinal)
            .GroupBy(device => device.Type, StringComparer.OrdinalIgnoreCase)
            .ToDictionary(type => type.Key, IReadOnlyList<Device> (type) => [.. type], StringComparer.OrdinalIgnoreCase);
    }

    public WorkerProfile Profile { get; }

    public int Index { get; }

    public string Id => Profile.WorkerId;

    public WorkerKind Kind { get; set; } = null!;

    /// <summary>Whether it gets new work and has a slot free.</summary>
    public bool IsOpen => Profile.Accepting && Used.Slots < Profile.Slots;

    public HashSet<string> Backends { get; }

    public HashSet<string> Browsers { get; }

    public Dictionary<string, string> Software { get; }

    public IEnumerable<string> DeviceTypes => devices.Keys;

    public Usage Used { get; set; } = Usage.None;

    /// <summary>What it can do that others cannot, rarest first.</summary>
    public IReadOnlyList<Ability> Abilities { get; set; } = [];

    /// <summary>Policy to the number of the decision in which it last chose this worker.</summary>
    public Dictionary<string, long> Turns { get; init; } = new(StringComparer.Ordinal);

    /// <summary>May be negative where a worker came back smaller than what is reserved on it.</summary>
    public FreeCapacity Free => new(
        Profile.Slots - Used.Slots,
        Profile.MemoryGb - Used.MemoryGb,
        Profile.CpuCores - Used.CpuCores,
        Profile.DiskGb - Used.DiskGb);

    /// <summary>From 0 to 1: the most used of slots, memory and cores.</summary>
    public double Load => Math.Clamp(
        Math.Max(
            (double)Used.Slots / Math.Max(Profile.Slots, 1),
            Math.Max(Fraction(Used.MemoryGb, Profile.MemoryGb), Fraction(Used.CpuCores, Profile.CpuCores))),
        0,
        1);

    public IReadOnlyList<Device> DevicesOf(string type) => devices.GetValueOrDefault(type, []);

    private static double Fraction(double used, double whole) => whole > 0 ? used / whole : 0;
}
