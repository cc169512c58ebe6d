using System.Text;
using LoadBalancer.System.Tests.Clients;

namespace LoadBalancer.System.Tests.Input;

/// <summary>A list in which a good test follows each bad one.</summary>
internal sealed class MixedList
{
    public MixedList(IReadOnlyList<BadSubmission> bad)
    {
        var good = bad.Select(_ => Submission.Shell("true")).ToList();
        Good = [.. good.Select(Submission.RunIdOf)];
        Body = Encoding.UTF8.GetBytes($"{{\"tests\": [{string.Join(',', bad.Zip(good, (first, second) => $"{first.Text},{second.ToJsonString()}"))}]}}");
    }

    public IReadOnlyList<Guid> Good { get; }

    public byte[] Body { get; }
}
