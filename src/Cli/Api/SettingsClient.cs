using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Api;

/// <summary>Policies, limits of keys and shares.</summary>
internal sealed partial class SchedulerClient
{
    public Task<PolicyList> Policies(CancellationToken cancel) => Send<PolicyList>(HttpMethod.Get, "api/policies", ReadLimit, cancel);

    public Task<PolicyView> Policy(string testType, CancellationToken cancel) =>
        Send<PolicyView>(HttpMethod.Get, PolicyPath(testType), ReadLimit, cancel);

    /// <param name="testType">Or <c>default</c>.</param>
    /// <param name="policy">JSON: a name or an object.</param>
    /// <param name="cancel">Ends the wait for an answer.</param>
    public Task<PolicyView> SetPolicy(string testType, string policy, CancellationToken cancel) =>
        Put<PolicyView>(PolicyPath(testType), new StringContent(policy, Encoding.UTF8, "application/json"), cancel);

    public Task<PolicyView> ResetPolicy(string testType, CancellationToken cancel) =>
        Send<PolicyView>(HttpMethod.Delete, PolicyPath(testType), ReadLimit, cancel);

    /// <summary>All pages.</summary>
    public async Task<IReadOnlyList<KeyView>> Keys(CancellationToken cancel)
    {
        var keys = new List<KeyView>();
        string? after = null;
        do
        {
            var query = QueryString(("limit", PageSize.ToString(CultureInfo.InvariantCulture)), ("after", after));
            var page = await Send<KeyPage>(HttpMethod.Get, "api/keys" + query, ReadLimit, cancel);
            keys.AddRange(page.Keys);
            after = page.Next;
        }
        while (after is not null);
        return keys;
    }

    public Task<KeyView> SetKey(string key, int limit, CancellationToken cancel) =>
        Put<KeyView>(KeyPath(key), JsonContent.Create(new { limit }), cancel);

    public Task<KeyView> ResetKey(string key, CancellationToken cancel) => Send<KeyView>(HttpMethod.Delete, KeyPath(key), ReadLimit, cancel);

    public Task<ShareList> Shares(CancellationToken cancel) => Send<ShareList>(HttpMethod.Get, "api/shares", ReadLimit, cancel);

    public Task<ShareView> SetShare(string submitter, double weight, CancellationToken cancel) =>
        Put<ShareView>(SharePath(submitter), JsonContent.Create(new { weight }), cancel);

    public Task<ShareView> ResetShare(string submitter, CancellationToken cancel) =>
        Send<ShareView>(HttpMethod.Delete, SharePath(submitter), ReadLimit, cancel);

    private static string PolicyPath(string testType) => $"api/policies/{Uri.EscapeDataString(testType)}";

    private static string KeyPath(string key) => $"api/keys/{Uri.EscapeDataString(key)}";

    private static string SharePath(string submitter) => $"api/shares/{Uri.EscapeDataString(submitter)}";

    private async Task<T> Put<T>(string path, HttpContent body, CancellationToken cancel)
    {
        using (body) return await Send<T>(HttpMethod.Put, path, ReadLimit, cancel, body);
    }
}
