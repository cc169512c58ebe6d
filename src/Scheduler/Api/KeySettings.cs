using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.LiveSettings;
using LoadBalancer.Scheduler.Persistence;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Api;

/// <summary>Concurrency keys: their limits, who holds them, and how many wait for them.</summary>
internal static class KeySettings
{
    private const int MostKeys = 1_000;
    private const int UsualKeys = 100;

    private static readonly NumberSetting Setting = NumberSetting.KeyLimit;

    public static async Task<IResult> ListAsync(
        int? limit, string? after, [AsParameters] KeyServices services, CancellationToken cancellationToken)
    {
        if (limit is { } given && given is < 1 or > MostKeys)
            return BadRequests.Refuse("limit", $"{given}", $"is not from 1 to {MostKeys}");

        var use = await UseAsync(services, cancellationToken);
        var size = limit ?? UsualKeys;
        var page = services.Settings.Named(Setting.Kind).Union(use.Holders.Keys).Union(use.Waiting.Keys)
            .Where(key => after is null || string.CompareOrdinal(key, after) > 0)
            .Order(StringComparer.Ordinal)
            .Take(size + 1)
            .ToList();
        return Results.Ok(new KeyPage
        {
            Keys = [.. page.Take(size).Select(key => View(key, services.Settings, use))],
            Next = page.Count > size ? page[size - 1] : null,
        });
    }

    public static Task<IResult> GetAsync(
        string key, HttpContext http, [AsParameters] KeyServices services, CancellationToken cancellationToken) =>
        AnswerAsync(NameInPath.Exact(http.Request, key), services, cancellationToken);

    public static async Task<IResult> SetAsync(
        string key, HttpContext http, [AsParameters] KeyServices services, CancellationToken cancellationToken)
    {
        var name = NameInPath.Exact(http.Request, key);
        var (change, refusal) = Setting.ReadOne(name, await SettingBody.ReadAsync(http.Request, cancellationToken));
        return change is null
            ? refusal!
            : await StoreAsync(http, [change], services, () => AnswerAsync(name, services, cancellationToken), cancellationToken);
    }

    public static async Task<IResult> SetManyAsync(
        HttpContext http, [AsParameters] KeyServices services, CancellationToken cancellationToken)
    {
        var (changes, refusal) = Setting.ReadMany(await SettingBody.ReadAsync(http.Request, cancellationToken));
        return refusal
            ?? await StoreAsync(http, changes, services, () => ListAsync(null, null, services, cancellationToken), cancellationToken);
    }

    public static Task<IResult> ResetAsync(
        string key, HttpContext http, [AsParameters] KeyServices services, CancellationToken cancellationToken)
    {
        var name = NameInPath.Exact(http.Request, key);
        return StoreAsync(
            http,
            [new SettingChange(Setting.Kind, name, null)],
            services,
            () => AnswerAsync(name, services, cancellationToken),
            cancellationToken);
    }

    private static Task<IResult> StoreAsync(
        HttpContext http,
        IReadOnlyCollection<SettingChange> changes,
        KeyServices services,
        Func<Task<IResult>> answer,
        CancellationToken cancellationToken) => SettingBody.StoreAsync(http, changes, services.Settings, answer, cancellationToken);

    private static async Task<IResult> AnswerAsync(string key, KeyServices services, CancellationToken cancellationToken) =>
        Setting.RefuseName(key) ?? Results.Ok(View(key, services.Settings, await UseAsync(services, cancellationToken)));

    private static async Task<KeyUse> UseAsync(KeyServices services, CancellationToken cancellationToken)
    {
        var reservations = await services.Database.Reservations.AsNoTracking().ToListAsync(cancellationToken);
        var holders = reservations
            .SelectMany(row => row.Keys.Select(key => (Key: key, Holder: new KeyHolder(row.RunId, row.Attempt, row.WorkerId))))
            .ToLookup(held => held.Key, held => held.Holder, StringComparer.Ordinal)
            .ToDictionary(held => held.Key, IReadOnlyList<KeyHolder> (held) => [.. held], StringComparer.Ordinal);
        return new KeyUse(holders, await services.Dispatcher.WaitingByKeyAsync(cancellationToken));
    }

    private static KeyView View(string key, SettingsInForce settings, KeyUse use)
    {
        var (limit, source) = settings.LimitOf(key);
        var live = settings.FindLive(Setting.Kind, key);
        return new KeyView
        {
            Key = key,
            Limit = limit,
            Source = source,
            Holders = use.Holders.GetValueOrDefault(key, []),
            Waiting = use.Waiting.GetValueOrDefault(key),
            ChangedAt = live?.ChangedAt,
            ChangedBy = live?.ChangedBy,
        };
    }

    /// <summary>Who holds each key, and how many wait for it.</summary>
    private sealed record KeyUse(Dictionary<string, IReadOnlyList<KeyHolder>> Holders, IReadOnlyDictionary<string, int> Waiting);
}

/// <summary>What is known of keys, and by whom: what is in force, what is stored, and what the planner waits with.</summary>
internal sealed record KeyServices(SettingsInForce Settings, SchedulerDbContext Database, Dispatcher Dispatcher);
