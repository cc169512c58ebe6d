using System.Text.Json;
using System.Text.Json.Nodes;
using LoadBalancer.Contracts;

namespace LoadBalancer.Scheduler.TestRuns;

/// <summary>The answer to a run id that was submitted before: the stored submission counts.</summary>
internal static class Duplicates
{
    /// <summary>Times are read from the database a little less precisely than they were stored.</summary>
    private static readonly TimeSpan SameTime = TimeSpan.FromMicroseconds(1);

    /// <summary>Whether the run was made by an earlier try of this event, for certain: none but it was made then, and it holds the same.</summary>
    public static bool IsItsOwn(TestRun run, RunSubmitted again) =>
        again.MadeAt is { } made && (made - run.SubmittedAt).Duration() < SameTime &&
        run.Submission is { } stored && Different(stored, again.Submission).Count == 0;

    public static string Describe(TestRun run, SubmitTest again)
    {
        if (run.Submission is not { } stored)
            return $"run {run.CorrelationId} was cancelled before it was submitted";

        var different = Different(stored, again);
        var known = $"run {run.CorrelationId} was submitted before and is {run.CurrentState}";
        return different.Count == 0 ? known : $"{known}; the stored submission counts, which differs in {string.Join(", ", different)}";
    }

    private static List<string> Different(SubmitTest stored, SubmitTest again)
    {
        var (left, right) = (Fields(stored), Fields(again));
        return [.. left.Select(field => field.Key).Where(name => !JsonNode.DeepEquals(left[name], right[name]))];
    }

    private static JsonObject Fields(SubmitTest test) =>
        JsonSerializer.SerializeToNode(test with { RunId = null }, JsonSerializerOptions.Web)!.AsObject();
}
