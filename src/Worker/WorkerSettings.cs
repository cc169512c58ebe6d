using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace LoadBalancer.Worker;

/// <summary>The configuration cannot work; the message names the setting, the value and the fix.</summary>
internal sealed class SettingException(string message) : Exception(message);

/// <summary>Reads our sections of the configuration and checks them.</summary>
internal static class WorkerSettings
{
    public static WorkerOptions Worker(IConfiguration configuration) =>
        Checked(Bound<WorkerOptions>(configuration.GetSection(WorkerOptions.Section)));

    public static Uri BrokerUrl(IConfiguration configuration)
    {
        var url = Bound<BrokerOptions>(configuration.GetSection(BrokerOptions.Section)).Url;
        if (url.Length == 0)
            throw new SettingException("Broker:Url is not set: set Broker__Url, for example amqp://user:password@host:5672/vhost");

        // The address may hold a password, so it is not repeated.
        return Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "amqp" or "amqps"
            ? uri
            : throw new SettingException("Broker:Url (Broker__Url) must begin with amqp:// or amqps:// and name a host");
    }

    /// <exception cref="SettingException">A value is out of its range.</exception>
    public static WorkerOptions Checked(WorkerOptions options)
    {
        Require(WorkerId.Fault(options.Id) is null, "Id", options.Id, WorkerId.Fault(options.Id)!);
        Require(options.Slots is >= 1 and <= 1024, "Slots", options.Slots, "must be 1 to 1024");
        Require(options.MaxReportsInMessage is >= 1 and <= 1000, "MaxReportsInMessage", options.MaxReportsInMessage, "must be 1 to 1000");
        RequireBetween(options.HeartbeatInterval, "HeartbeatInterval", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));
        RequireBetween(options.KillGrace, "KillGrace", TimeSpan.Zero, TimeSpan.FromMinutes(5));
        RequireBetween(options.PrepareTimeout, "PrepareTimeout", TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        RequireBetween(options.ShutdownTimeout, "ShutdownTimeout", TimeSpan.Zero, TimeSpan.FromDays(1));
        foreach (var accelerators in options.Simulate.Accelerators)
        {
            Require(accelerators.Type.Length > 0, "Simulate:Accelerators:Type", "", "must name a device type such as cuda");
            Require(accelerators.Count is >= 1 and <= 64, "Simulate:Accelerators:Count", accelerators.Count, "must be 1 to 64");
            Require(accelerators.MemoryGb > 0, "Simulate:Accelerators:MemoryGb", accelerators.MemoryGb, "must be above 0");
        }

        Require(options.Simulate.MemoryGb is null or > 0, "Simulate:MemoryGb", options.Simulate.MemoryGb, "must be above 0");
        Require(options.Simulate.CpuCores is null or > 0, "Simulate:CpuCores", options.Simulate.CpuCores, "must be above 0");
        return options;
    }

    private static void RequireBetween(TimeSpan value, string name, TimeSpan least, TimeSpan most) =>
        Require(value >= least && value <= most, name, value, $"must be {least} to {most} (hours:minutes:seconds)");

    private static void Require(bool holds, string name, object? value, string fix)
    {
        if (holds)
            return;

        var variable = name.Replace(":", "__", StringComparison.Ordinal);
        throw new SettingException(string.Create(CultureInfo.InvariantCulture, $"Worker:{name} (Worker__{variable}) is '{value}': it {fix}"));
    }

    private static TOptions Bound<TOptions>(IConfigurationSection section) where TOptions : new()
    {
        RefuseUnknown(section, typeof(TOptions));
        try
        {
            return section.Get<TOptions>() ?? new TOptions();
        }
        catch (InvalidOperationException error)
        {
            throw new SettingException($"{error.Message} {error.InnerException?.Message}".Trim());
        }
    }

    private static void RefuseUnknown(IConfigurationSection section, Type type)
    {
        var known = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite).ToList();
        foreach (var child in section.GetChildren())
        {
            var property = known.Find(property => property.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase))
                ?? throw new SettingException(
                    $"{child.Path} is not a setting; {section.Path} knows {string.Join(", ", known.Select(property => property.Name))}");
            if (child.Value is null && !child.GetChildren().Any())
                throw new SettingException($"{child.Path} has no value: give it one or leave it out");

            if (IsOurs(property.PropertyType))
                RefuseUnknown(child, property.PropertyType);
            else if (property.PropertyType.GenericTypeArguments is [var element] && IsOurs(element))
                child.GetChildren().ToList().ForEach(entry => RefuseUnknown(entry, element));
        }
    }

    private static bool IsOurs(Type type) => type.Assembly == typeof(WorkerSettings).Assembly && !type.IsEnum;
}
