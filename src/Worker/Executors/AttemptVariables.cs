using System.Globalization;
using LoadBalancer.Contracts;

namespace LoadBalancer.Worker.Executors;

/// <summary>What a test's process is told about its attempt, by environment variables.</summary>
internal static class AttemptVariables
{
    // What the runtimes understand as "no device at all"; an unset variable would mean all of them.
    private const string None = "-1";

    public static Dictionary<string, string> Of(RunTest run, string workerId, string runDirectory, string? workspace)
    {
        var cuda = Ids(run, "cuda");
        var rocm = Ids(run, "rocm");
        var variables = new Dictionary<string, string>
        {
            ["LB_RUN_ID"] = run.RunId.ToString(),
            ["LB_ATTEMPT"] = run.Attempt.ToString(CultureInfo.InvariantCulture),
            ["LB_TEST_ID"] = run.TestId.Replace("\0", "", StringComparison.Ordinal),
            ["LB_WORKER_ID"] = workerId,
            ["LB_DEVICES"] = string.Join(',', run.Devices.Select(device => $"{device.Type}:{device.Id}")),
            ["LB_RUN_DIRECTORY"] = runDirectory,
            ["CUDA_VISIBLE_DEVICES"] = cuda.Length == 0 ? None : string.Join(',', cuda),
            // HIP numbers what ROCR leaves visible, from 0.
            ["HIP_VISIBLE_DEVICES"] = rocm.Length == 0 ? None : string.Join(',', Enumerable.Range(0, rocm.Length)),
        };
        if (rocm.Length > 0)
            variables["ROCR_VISIBLE_DEVICES"] = string.Join(',', rocm);
        if (workspace is not null)
            variables["LB_WORKSPACE"] = workspace;
        return variables;
    }

    private static string[] Ids(RunTest run, string type) =>
        [.. run.Devices.Where(device => device.Type == type).Select(device => device.Id)];
}
