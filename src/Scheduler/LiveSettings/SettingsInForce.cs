using System.Collections.Concurrent;
using System.Globalization;
using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.Persistence;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.LiveSettings;

/// <summary>
/// Policies, limits of keys and shares as they are in force. What was set live is stored and wins over the configuration, also after a
/// restart with another configuration, until it is taken back; then the configured value is in force again, or the default.
/// </summary>
internal sealed partial class SettingsInForce(
    IServiceScopeFactory scopes, Settings configured, PolicySet policies, Dispatcher dispatcher, TimeProvider time, ILogger<SettingsInForce> logger)
    : IDisposable
{
    /// <summary>Each is kept in memory; more were made by a program that has gone wrong.</summary>
    public const int MostOfAKind = 10_000;

    private const int UsualLimit = 1;
    private const double UsualWeight = 1;

    private readonly ConcurrentDictionary<(SettingKind Kind, string Name), LiveSetting> live = new();
    private readonly SemaphoreSlim changing = new(1, 1);

    /// <summary>Names that have a value of their own, live or configured, in order.</summary>
    public IReadOnlyList<string> Named(SettingKind kind)
    {
        var configuredNames = kind switch
        {
            SettingKind.Policy => configured.Policies.ByTestType.Keys,
            SettingKind.KeyLimit => configured.Keys.Keys,
            _ => configured.Shares.Keys,
        };
        return [.. live.Keys.Where(key => key.Kind == kind).Select(key => key.Name).Union(configuredNames).Order(StringComparer.Ordinal)];
    }

    /// <summary>What was set live; null if nothing was.</summary>
    public LiveSetting? FindLive(SettingKind kind, string name) => live.GetValueOrDefault((kind, name));

    /// <summary>The policy of a test type, or of <see cref="PolicyOptions.DefaultName"/>, and where it comes from.</summary>
    public (PolicySpec Policy, string Source) PolicyOf(string testType)
    {
        var own = testType == PolicyOptions.DefaultName ? policies.Default : policies.ByTestType.GetValueOrDefault(testType);
        return own is null
            ? (policies.Default, SettingSources.Default)
            : (own, FindLive(SettingKind.Policy, testType) is null ? SettingSources.Configuration : SettingSources.Live);
    }

    /// <summary>How many runs may hold a key at a time, and where that comes from.</summary>
    public (int Limit, string Source) LimitOf(string key) =>
        FindLive(SettingKind.KeyLimit, key) is { } set ? (int.Parse(set.Value, CultureInfo.InvariantCulture), SettingSources.Live)
        : configured.Keys.TryGetValue(key, out var options) ? (options.Limit, SettingSources.Configuration)
        : (UsualLimit, SettingSources.Default);

    /// <summary>The weight of a submitter, and where that comes from.</summary>
    public (double Weight, string Source) WeightOf(string submitter) =>
        FindLive(SettingKind.Share, submitter) is { } set ? (double.Parse(set.Value, CultureInfo.InvariantCulture), SettingSources.Live)
        : configured.Shares.TryGetValue(submitter, out var weight) ? (weight, SettingSources.Configuration)
        : (UsualWeight, SettingSources.Default);

    /// <summary>Reads what was set live and puts it in force. Called before anything is placed.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
            foreach (var row in await database.LiveSettings.AsNoTracking().ToListAsync(cancellationToken))
                Restore(row);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Stores all of them or none, and then puts them in force. Values are checked before.</summary>
    /// <returns>False if there would be more than <see cref="MostOfAKind"/>.</returns>
    public async Task<bool> ChangeAsync(IReadOnlyCollection<SettingChange> changes, string principal, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            var added = changes.Where(change => change.Value is not null && !live.ContainsKey((change.Kind, change.Name)));
            if (added.CountBy(change => change.Kind).Any(kind => kind.Value + live.Keys.Count(key => key.Kind == kind.Key) > MostOfAKind))
                return false;

            var rows = await StoreAsync(changes, principal, cancellationToken);
            foreach (var (change, row) in rows)
                Apply(change, row);
            return true;
        }
        finally
        {
            changing.Release();
        }
    }

    public void Dispose() => changing.Dispose();

    private async Task<IReadOnlyList<(SettingChange Change, LiveSetting? Row)>> StoreAsync(
        IReadOnlyCollection<SettingChange> changes, string principal, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        using var turn = await scope.ServiceProvider.GetRequiredService<EmbeddedDatabaseGate>().EnterAsync(cancellationToken);
        var rows = new List<(SettingChange, LiveSetting?)>();
        foreach (var change in changes)
        {
            var row = await database.LiveSettings.FindAsync([change.Kind, change.Name], cancellationToken);
            if (row is null && change.Value is not null)
                database.Add(row = new LiveSetting { Kind = change.Kind, Name = change.Name });
            else if (row is not null && change.Value is null)
                database.Remove(row);
            if (row is not null && change.Value is not null)
                (row.Value, row.ChangedAt, row.ChangedBy) = (change.Value, time.GetUtcNow(), principal);
            rows.Add((change, change.Value is null ? null : row));
        }

        await database.SaveChangesAsync(cancellationToken);
        return rows;
    }

    private void Restore(LiveSetting row)
    {
        try
        {
            Apply(new SettingChange(row.Kind, row.Name, row.Value), row);
        }
        catch (PolicySpecException unknown)
        {
            // A program without that policy must still start, for it is through the API that the setting is changed.
            live.TryRemove((row.Kind, row.Name), out _);
            LogNotRestored(row.Kind, row.Name, unknown.Message);
        }
    }

    private void Apply(SettingChange change, LiveSetting? row)
    {
        var (kind, name) = (change.Kind, change.Name);
        if (row is null)
            live.TryRemove((kind, name), out _);
        else
            live[(kind, name)] = row;
        switch (kind)
        {
            case SettingKind.Policy:
                ApplyPolicy(name, row is null ? null : PolicySpec.Parse(row.Value));
                break;
            case SettingKind.KeyLimit:
                var limit = LimitOf(name).Limit;
                dispatcher.Post(planner => planner.LimitKey(name, limit));
                break;
            default:
                var weight = WeightOf(name).Weight;
                dispatcher.Post(planner => planner.Share(name, weight));
                break;
        }

        LogInForce(kind, name, row?.Value ?? "as configured", row?.ChangedBy ?? "");
    }

    private void ApplyPolicy(string testType, PolicySpec? policy)
    {
        if (testType == PolicyOptions.DefaultName)
            policies.Default = policy ?? configured.Policies.Default;
        else if ((policy ?? configured.Policies.ByTestType.GetValueOrDefault(testType)) is { } own)
            policies.Use(testType, own);
        else
            policies.UseDefault(testType);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Kind} of '{Name}' is now {Value}, set live by {Principal}")]
    private partial void LogInForce(SettingKind kind, string name, string value, string principal);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Kind} of '{Name}' stays as configured, for what was set live is unknown here: {Problem}")]
    private partial void LogNotRestored(SettingKind kind, string name, string problem);
}
