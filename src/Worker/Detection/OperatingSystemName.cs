namespace LoadBalancer.Worker.Detection;

/// <summary>The operating system by name and version, for people and as an entry of the software list.</summary>
internal sealed record OperatingSystemName(string Name, string Version)
{
    public static OperatingSystemName OfThisMachine() =>
        File.Exists("/etc/os-release")
            ? Parse(File.ReadAllText("/etc/os-release"))
            : new OperatingSystemName(Family(), Environment.OSVersion.Version.ToString());

    /// <summary>Reads <c>os-release</c>, for example debian 12.</summary>
    public static OperatingSystemName Parse(string osRelease)
    {
        var fields = osRelease.Split('\n')
            .Select(line => line.Split('=', 2))
            .Where(pair => pair.Length == 2)
            .DistinctBy(pair => pair[0])
            .ToDictionary(pair => pair[0], pair => pair[1].Trim('"', '\''));
        return new OperatingSystemName(fields.GetValueOrDefault("ID", Family()), fields.GetValueOrDefault("VERSION_ID", ""));
    }

    private static string Family() =>
        OperatingSystem.IsMacOS() ? "macos" : OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsFreeBSD() ? "freebsd" : "linux";

    public override string ToString() => $"{Name} {Version}".Trim();
}
