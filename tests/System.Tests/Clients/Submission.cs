using System.Text.Json.Nodes;

namespace LoadBalancer.System.Tests.Clients;

/// <summary>Bodies for <c>submit-test</c> as a client in any language would write them.</summary>
internal static class Submission
{
    /// <summary>A test that runs a line of shell.</summary>
    public static JsonObject Shell(string script, Guid? runId = null, string testId = "sample", params (string Name, JsonNode Value)[] more)
    {
        var body = new JsonObject
        {
            ["runId"] = runId ?? Guid.NewGuid(),
            ["testId"] = testId,
            ["requirements"] = new JsonObject { ["minimumMemoryGb"] = 0.01, ["cpuCores"] = 0.1 },
            ["command"] = new JsonObject { ["executable"] = "/bin/sh", ["arguments"] = new JsonArray("-c", script) },
        };
        foreach (var (name, value) in more)
        {
            body[name] = value;
        }

        return body;
    }

    public static Guid RunIdOf(JsonObject body) => (Guid)body["runId"]!;
}
