using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.LiveSettings;

namespace LoadBalancer.Scheduler.Api;

/// <summary>What submitters may use against each other.</summary>
internal static class ShareSettings
{
    private static readonly NumberSetting Setting = NumberSetting.Weight;

    public static IResult List(SettingsInForce settings) =>
        Results.Ok(new ShareList([.. settings.Named(Setting.Kind).Select(submitter => View(submitter, settings))]));

    public static IResult Get(string submitter, HttpContext http, SettingsInForce settings) =>
        Answer(NameInPath.Exact(http.Request, submitter), settings);

    public static async Task<IResult> SetAsync(string submitter, HttpContext http, SettingsInForce settings, CancellationToken cancellationToken)
    {
        var name = NameInPath.Exact(http.Request, submitter);
        var (change, refusal) = Setting.ReadOne(name, await SettingBody.ReadAsync(http.Request, cancellationToken));
        return change is null
            ? refusal!
            : await SettingBody.StoreAsync(http, [change], settings, () => Task.FromResult(Answer(name, settings)), cancellationToken);
    }

    public static async Task<IResult> SetManyAsync(HttpContext http, SettingsInForce settings, CancellationToken cancellationToken)
    {
        var (changes, refusal) = Setting.ReadMany(await SettingBody.ReadAsync(http.Request, cancellationToken));
        return refusal ?? await SettingBody.StoreAsync(http, changes, settings, () => Task.FromResult(List(settings)), cancellationToken);
    }

    public static Task<IResult> ResetAsync(string submitter, HttpContext http, SettingsInForce settings, CancellationToken cancellationToken)
    {
        var name = NameInPath.Exact(http.Request, submitter);
        return SettingBody.StoreAsync(
            http, [new SettingChange(Setting.Kind, name, null)], settings, () => Task.FromResult(Answer(name, settings)), cancellationToken);
    }

    private static IResult Answer(string submitter, SettingsInForce settings) =>
        Setting.RefuseName(submitter) ?? Results.Ok(View(submitter, settings));

    private static ShareView View(string submitter, SettingsInForce settings)
    {
        var (weight, source) = settings.WeightOf(submitter);
        var live = settings.FindLive(Setting.Kind, submitter);
        return new ShareView
        {
            Submitter = submitter,
            Weight = weight,
            Source = source,
            ChangedAt = live?.ChangedAt,
            ChangedBy = live?.ChangedBy,
        };
    }
}
