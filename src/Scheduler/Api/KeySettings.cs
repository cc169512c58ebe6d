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
        int? limit, string? after, SettingsInForce settings, SchedulerDbContext database, Dispatcher dispatcher, CancellationToken cancellationToken)
    {
        if (limit is { } given && given is < 1 or > MostKeys)
            return BadRequests.Refuse("limit", $"{given}", $"is not from 1 to {MostKeys}");

        var use = await UseAsync(database, dispatcher, cancellationToken);
        var size = limit ?? UsualKeys;
        var page = settings.Named(SettingKind.KeyLimit).Union(use.Holders.Keys).Union(use.Waiting.Keys)
            .Where(key => after is null || string.CompareOrdinal(key, after) > 0)
            .Order(StringComparer.Ordinal)
            .Take(size + 1)
            .ToList();
        return Results.Ok(new KeyPage
        {
            Keys = [.. page.Take(size).Select(key => View(key, settings, use))],
            Next = page.Count > size ? page[size - 1] : null,
        });
    }

    public static Task<IResult> GetAsync(
        string key, HttpContext http, SettingsInForce settings, SchedulerDbContext database, Dispatcher dispatcher, CancellationToken cancellationToken) =>
        AnswerAsync(NameInPath.Exact(http.Request, key), settings, database, dispatcher, cancellationToken);

    public static async Task<IResult> SetAsync(
        string key, HttpContext http, SettingsInForce settings, SchedulerDbContext database, Dispatcher dispatcher, CancellationToken cancellationToken)
    {
        var name = NameInPath.Exact(http.Request, key);
        var (change, refusal) = Setting.ReadOne(name, await SettingBody.ReadAsync(http.Request, cancellationToken));
        return change is null
            ? refusal!
            : await SettingBody.StoreAsync(
                http, [change], settings, () => AnswerAsync(name, settings, database, dispatcher, cancellationToken), cancellationToken);
    }

    public static async Task<IResult> SetManyAsync(
        HttpContext http, SettingsInForce settings, SchedulerDbContext database, Dispatcher dispatcher, CancellationToken cancellationToken)
    {
        var (changes, refusal) = Setting.ReadMany(await SettingBody.ReadAsync(http.Request, cancellationToken));
        return refusal ?? await SettingBody.StoreAsync(
            http, changes, settings, () => ListAsync(null, null, settings, database, dispatcher, cancellationToken), cancellationToken);
    }

    public static Task<IResult> ResetAsync(
        string key, HttpContext http, SettingsInForce settings, SchedulerDbContext database, Dispatcher dispatcher, CancellationToken cancellationToken)
    {
        var name = NameInPath.Exact(http.Request, key);
        return SettingBody.StoreAsync(
            http,
            [new SettingChange(Setting.Kind, name, null)],
            settings,
            () => AnswerAsync(name, settings, database, dispatcher, cancellationToken),
            cancellationToken);
    }

    private static async Task<IResult> AnswerAsync(
        string key, SettingsInForce settings, SchedulerDbContext database, Dispatcher dispatcher, CancellationToken cancellationToken) =>
        Setting.RefuseName(key) ?? Results.Ok(View(key, settings, await UseAsync(database, dispatcher, cancellationToken)));

    private static async Task<KeyUse> UseAsync(SchedulerDbContext database, Dispatcher dispatcher, CancellationToken cancellationToken)
    {
        var reservations = await database.Reservations.AsNoTracking().ToListAsync(cancellationToken);
        var holders = reservations
            .SelectMany(row => row.Keys.Select(key => (Key: key, Holder: new KeyHolder(row.RunId, row.Attempt, row.WorkerId))))
            .ToLookup(held => held.Key, held => held.Holder, StringComparer.Ordinal)
            .ToDictionary(held => held.Key, IReadOnlyList<KeyHolder> (held) => [.. held], StringComparer.Ordinal);
        return new KeyUse(holders, await dispatcher.WaitingByKeyAsync(cancellationToken));
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

    private sealed record KeyUse(Dictionary<string, IReadOnlyList<KeyHolder>> Holders, IReadOnlyDictionary<string, int> Waiting);
}
