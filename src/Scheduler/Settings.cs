using LoadBalancer.Scheduler.Api;

namespace LoadBalancer.Scheduler;

/// <summary>All settings, checked once at start.</summary>
internal sealed record Settings(
    SchedulerOptions Scheduler, BrokerOptions Broker, DatabaseOptions Database, PolicyOptions Policies, ApiOptions Api,
    IReadOnlyDictionary<string, KeyOptions> Keys, IReadOnlyDictionary<string, double> Shares)
{
    private const string KeysSection = "Keys";

    private const string SharesSection = "Shares";

    /// <exception cref="ConfigurationException">Names every setting that is missing, wrong or unknown.</exception>
    public static Settings Read(IConfiguration configuration)
    {
        var problems = new List<string>();
        var settings = new Settings(
            Bind<SchedulerOptions>(configuration, SchedulerOptions.Section, problems),
            Bind<BrokerOptions>(configuration, BrokerOptions.Section, problems),
            Bind<DatabaseOptions>(configuration, DatabaseOptions.Section, problems),
            PolicyOptions.Read(configuration, problems),
            Bind<ApiOptions>(configuration, ApiOptions.Section, problems),
            Bind<Dictionary<string, KeyOptions>>(configuration, KeysSection, problems),
            Bind<Dictionary<string, double>>(configuration, SharesSection, problems));
        problems.AddRange(settings.Scheduler.Problems());
        problems.AddRange(settings.Broker.Problems());
        problems.AddRange(settings.Database.Problems());
        problems.AddRange(settings.Api.Problems());
        problems.AddRange(settings.Keys.Where(key => key.Value.Limit < 0).Select(key => $"Keys:{key.Key}:Limit is {key.Value.Limit}; it must be at least 0, which closes the key"));
        problems.AddRange(settings.Shares.Where(share => !(share.Value > 0 && double.IsFinite(share.Value)))
            .Select(share => $"Shares:{share.Key} is {share.Value}; it must be a number above 0"));
        return problems.Count == 0 ? settings : throw new ConfigurationException(problems);
    }

    private static T Bind<T>(IConfiguration configuration, string section, List<string> problems) where T : class, new()
    {
        try
        {
            return configuration.GetSection(section).Get<T>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new T();
        }
        catch (InvalidOperationException exception)
        {
            var inner = exception.InnerException is null ? "" : $" ({exception.InnerException.Message})";
            problems.Add($"section {section}: {exception.Message}{inner}");
            return new T();
        }
    }
}

/// <summary>The process cannot start with these settings.</summary>
internal sealed class ConfigurationException(IReadOnlyList<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
