using System.Text.RegularExpressions;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Suites;

/// <summary>The ranges of the contract, so that a slip is found before anything is sent. The scheduler has the last word.</summary>
internal static partial class SubmissionRules
{
    /// <summary>The first field out of its range, and what is wrong with it; null when all is well.</summary>
    public static (string Field, string Problem)? Violation(SubmitTest test)
    {
        foreach (var (field, holds, problem) in Rules(test))
            if (!holds) return (field, problem);
        return null;
    }

    private static IEnumerable<(string Field, bool Holds, string Problem)> Rules(SubmitTest test)
    {
        yield return ("testId", test.TestId.Length is >= 1 and <= 256, "must have 1 to 256 characters");
        yield return ("suite", test.Suite.Length <= 128, "must have at most 128 characters");
        yield return ("testType", TestType().IsMatch(test.TestType), $"must match [a-z0-9_-]{{0,64}}, not \"{test.TestType}\"");
        yield return ("priority", test.Priority is >= 1 and <= 5, $"must be 1 (first) to 5 (last), not {test.Priority}");
        yield return ("retries", test.Retries is >= 0 and <= 10, $"must be 0 to 10, not {test.Retries}");
        yield return ("timeoutSeconds", test.TimeoutSeconds > 0, "must be more than 0");
        yield return ("expectedDurationSeconds", test.ExpectedDurationSeconds is null or > 0, "must be more than 0");
        yield return ("queueTimeoutSeconds", test.QueueTimeoutSeconds is null or > 0, "must be more than 0; null waits without limit");

        var needs = test.Requirements;
        yield return ("requirements.minimumMemoryGb", needs.MinimumMemoryGb >= 0, "must not be negative");
        yield return ("requirements.cpuCores", needs.CpuCores >= 0, "must not be negative");
        yield return ("requirements.diskGb", needs.DiskGb >= 0, "must not be negative");
        yield return ("requirements.acceleratorMemoryGb", needs.AcceleratorMemoryGb >= 0, "must not be negative");
        foreach (var (type, amount) in needs.RequiredAccelerators)
        {
            yield return ($"requirements.requiredAccelerators.{type}", amount is > 0 and (< 1 or <= 1024) && (amount < 1 || amount == Math.Floor(amount)),
                "must be below 1 (a share of one device) or a whole number of devices");
        }
    }

    [GeneratedRegex(@"\A[a-z0-9_-]{0,64}\z")]
    private static partial Regex TestType();
}
