namespace LoadBalancer.System.Tests.Input;

/// <summary>A message of a worker, or a cancel, that means nothing, and what the reason of its dead letter must contain.</summary>
internal sealed record BadReport(string Name, string Exchange, string Body, params string[] Says);

/// <summary>The table: each ends in its queue's <c>_error</c>.</summary>
internal static class BadReports
{
    private const string Worker = "\"workerId\": \"w1\", \"sessionId\": \"6f0e6a52-52a5-4d0b-8a6e-3f6f6b7c2d11\"";
    private const string Run = "\"runId\": \"6f0e6a52-52a5-4d0b-8a6e-3f6f6b7c2d12\", \"attempt\": 1";

    public static IReadOnlyList<BadReport> All { get; } = [.. Bodies(), .. Reports(), .. Heartbeats(), .. Cancels()];

    private static IEnumerable<BadReport> Bodies() =>
        from exchange in new[] { "worker-events", "worker-heartbeats", "cancel-test" }
        from body in new[] { "", "[]", "null", "\"text\"", "{\"workerId\": ", "\u0001", $"[{new string('[', 10_000)}" }
        select new BadReport($"{exchange} {(body.Length < 20 ? body : "deep")}", exchange, body);

    private static IEnumerable<BadReport> Reports() =>
    [
        Report("no fields", "{}", "workerId"),
        Report("a null worker", "{\"workerId\": null, \"sessionId\": \"6f0e6a52-52a5-4d0b-8a6e-3f6f6b7c2d11\", \"reports\": []}", "workerId"),
        Report("a worker that is a number", "{\"workerId\": 7, \"sessionId\": \"6f0e6a52-52a5-4d0b-8a6e-3f6f6b7c2d11\", \"reports\": []}", "workerId"),
        Report("a session that is no GUID", "{\"workerId\": \"w1\", \"sessionId\": \"mine\", \"reports\": []}", "sessionId"),
        Report("null reports", $"{{{Worker}, \"reports\": null}}", "reports"),
        Report("reports that are text", $"{{{Worker}, \"reports\": \"all well\"}}", "reports"),
        Entries("a null entry", "null", "reports", "null"),
        Entries("a null after a good entry", "{\"type\": \"workerLeft\"}, null", "reports", "null"),
        Entries("an attempt that is text", "{\"type\": \"testStarted\", \"runId\": \"6f0e6a52-52a5-4d0b-8a6e-3f6f6b7c2d12\", \"attempt\": \"first\"}", "attempt"),
        Entries("a run that is no GUID", "{\"type\": \"testStarted\", \"runId\": \"../..\", \"attempt\": 1}", "runId"),
        Entries("no outcome", $"{{\"type\": \"testFinished\", {Run}}}", "outcome"),
        Entries("an unknown outcome", $"{{\"type\": \"testFinished\", {Run}, \"outcome\": \"exploded\"}}", "outcome"),
        Entries("the number of an unknown outcome", $"{{\"type\": \"testFinished\", {Run}, \"outcome\": 99}}", "outcome: 99"),
        Entries("null as output", $"{{\"type\": \"testFinished\", {Run}, \"outcome\": \"passed\", \"outputHead\": null}}", "outputHead"),
        Entries("half a surrogate pair as output", $"{{\"type\": \"testFinished\", {Run}, \"outcome\": \"passed\", \"outputHead\": \"\\ud800\"}}", "outputHead"),
        Entries("null capabilities", "{\"type\": \"workerRegistered\", \"capabilities\": null, \"slots\": 1, \"replyTo\": \"x\"}", "capabilities"),
        Entries("null backends", "{\"type\": \"workerRegistered\", \"capabilities\": {\"backends\": null}, \"slots\": 1, \"replyTo\": \"x\"}", "backends"),
        Entries("a memory that is text", "{\"type\": \"workerRegistered\", \"capabilities\": {\"memoryGb\": \"lots\"}, \"slots\": 1, \"replyTo\": \"x\"}", "memoryGb"),
        Entries("no slots", "{\"type\": \"workerRegistered\", \"capabilities\": {}, \"replyTo\": \"x\"}", "slots"),
    ];

    private static IEnumerable<BadReport> Heartbeats() =>
    [
        Heartbeat("no fields", "{}", "workerId"),
        Heartbeat("a worker that is a path", "{\"workerId\": \"../x\", \"sessionId\": \"6f0e6a52-52a5-4d0b-8a6e-3f6f6b7c2d11\", \"sequence\": 1}", "../x"),
        Heartbeat("a reserved worker", "{\"workerId\": \"events\", \"sessionId\": \"6f0e6a52-52a5-4d0b-8a6e-3f6f6b7c2d11\", \"sequence\": 1}", "events"),
        Heartbeat("a sequence that is text", $"{{{Worker}, \"sequence\": \"one\"}}", "sequence"),
        Heartbeat("a sequence beyond numbers", $"{{{Worker}, \"sequence\": 99999999999999999999}}", "sequence"),
        Heartbeat("a null load", $"{{{Worker}, \"sequence\": 1, \"load\": null}}", "load"),
        Heartbeat("a load beyond numbers", $"{{{Worker}, \"sequence\": 1, \"load\": {{\"cpu\": 1e400}}}}", "load"),
        Heartbeat("a null device", $"{{{Worker}, \"sequence\": 1, \"load\": {{\"devices\": {{\"gpu0\": null}}}}}}", "load.devices"),
        Heartbeat("null running", $"{{{Worker}, \"sequence\": 1, \"running\": null}}", "running"),
        Heartbeat("null among the running", $"{{{Worker}, \"sequence\": 1, \"running\": [null]}}", "running"),
        Heartbeat("null among the unconfirmed", $"{{{Worker}, \"sequence\": 1, \"unconfirmed\": [{{{Run}}}, null]}}", "unconfirmed"),
        Heartbeat("held that is text", $"{{{Worker}, \"sequence\": 1, \"held\": \"none\"}}", "held"),
    ];

    private static IEnumerable<BadReport> Cancels() =>
    [
        new("a cancel of nothing", "cancel-test", "{}", "runId", "suite"),
        new("a cancel of the empty run", "cancel-test", "{\"runId\": \"00000000-0000-0000-0000-000000000000\"}", "runId"),
        new("a cancel of no GUID", "cancel-test", "{\"runId\": \"all\"}", "runId"),
        new("a cancel for null", "cancel-test", "{\"suite\": \"nightly\", \"reason\": null}", "reason"),
        new("a cancel of NUL", "cancel-test", "{\"suite\": \"a\\u0000\"}", "suite", "NUL"),
    ];

    private static BadReport Report(string name, string body, params string[] says) => new($"a report: {name}", "worker-events", body, says);

    private static BadReport Entries(string name, string entries, params string[] says) =>
        Report(name, $"{{{Worker}, \"reports\": [{entries}]}}", says);

    private static BadReport Heartbeat(string name, string body, params string[] says) => new($"a heartbeat: {name}", "worker-heartbeats", body, says);
}
