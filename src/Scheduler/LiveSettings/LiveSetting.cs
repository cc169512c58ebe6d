namespace LoadBalancer.Scheduler.LiveSettings;

/// <summary>One value that was set while the scheduler ran. It is in force instead of the configured one as long as its row is there.</summary>
internal sealed class LiveSetting
{
    public SettingKind Kind { get; set; }

    /// <summary>The test type, key or submitter it is for.</summary>
    public string Name { get; set; } = "";

    /// <summary>A policy's JSON, or a number as it is written in invariant culture.</summary>
    public string Value { get; set; } = "";

    public DateTimeOffset ChangedAt { get; set; }

    /// <summary>The principal who set it.</summary>
    public string ChangedBy { get; set; } = "";
}

/// <summary>Stored by name.</summary>
internal enum SettingKind
{
    /// <summary>Of a test type, or of <see cref="PolicyOptions.DefaultName"/>.</summary>
    Policy,

    /// <summary>How many runs may hold a key at a time.</summary>
    KeyLimit,

    /// <summary>What a submitter may use against others.</summary>
    Share,
}

/// <summary>What somebody wants to be in force.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Value">As <see cref="LiveSetting.Value"/>, checked; null to take back what was set live.</param>
internal sealed record SettingChange(SettingKind Kind, string Name, string? Value);
