using System.Text.Json;

namespace LoadBalancer.System.Tests.Servers;

/// <summary>The rights of a user in the definitions that we give to operators.</summary>
internal sealed record DeployedRights(string Configure, string Write, string Read)
{
    public static DeployedRights Of(string user)
    {
        using var definitions = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "definitions.json")));
        return definitions.RootElement.GetProperty("permissions").EnumerateArray()
            .Single(rights => rights.GetProperty("user").GetString() == user)
            .Deserialize<DeployedRights>(JsonSerializerOptions.Web)!;
    }
}
