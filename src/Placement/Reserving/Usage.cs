namespace LoadBalancer.Placement;

/// <summary>
/// The sum of what is reserved on one worker. It is summed anew at every change: adding and subtracting fractions would drift away from
/// zero, and a device would never be wholly free again.
/// </summary>
internal sealed record Usage(int Slots, double MemoryGb, double CpuCores, double DiskGb, IReadOnlyDictionary<string, double> DeviceShares)
{
    /// <summary>Below this an amount of GB, cores or device counts as nothing, so that three thirds of a device fit on it.</summary>
    public const double Tolerance = 1e-6;

    private static readonly IReadOnlyDictionary<string, double> NoDevices = new Dictionary<string, double>();

    public static Usage None { get; } = new(0, 0, 0, 0, NoDevices);

    public static Usage Of(IReadOnlyCollection<Occupation> occupations)
    {
        if (occupations.Count == 0)
            return None;

        double memory = 0, cores = 0, disk = 0;
        Dictionary<string, double>? shares = null;
        foreach (var occupation in occupations)
        {
            var reservation = occupation.Reservation;
            memory += reservation.MemoryGb;
            cores += reservation.CpuCores;
            disk += reservation.DiskGb;
            foreach (var device in reservation.Devices)
            {
                shares ??= new Dictionary<string, double>(StringComparer.Ordinal);
                shares[device.Id] = shares.GetValueOrDefault(device.Id) + device.Share;
            }
        }

        return new Usage(occupations.Count, memory, cores, disk, shares ?? NoDevices);
    }

    public double ShareOf(Device device) => DeviceShares.GetValueOrDefault(device.Id);
}
