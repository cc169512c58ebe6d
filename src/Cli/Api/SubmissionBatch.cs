using System.Text.Json;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Submissions;

namespace LoadBalancer.Cli.Api;

/// <summary>Tests that travel in one body, and that body: <c>{"tests":[...]}</c>.</summary>
internal sealed record SubmissionBatch(IReadOnlyList<SubmitTest> Tests, byte[] Body)
{
    public const int MaxTests = SubmissionReader.MaxTests;

    public const int MaxBytes = SubmissionReader.MaxBytes;

    private static readonly byte[] Head = "{\"tests\":["u8.ToArray();
    private static readonly byte[] Foot = "]}"u8.ToArray();

    /// <summary>Splits in order, each batch as large as the limits allow.</summary>
    /// <exception cref="LbException">A single test exceeds the limit.</exception>
    public static IEnumerable<SubmissionBatch> Split(IReadOnlyList<SubmitTest> tests)
    {
        var batch = new List<SubmitTest>();
        var parts = new List<byte[]>();
        var bytes = Head.Length + Foot.Length;
        foreach (var test in tests)
        {
            var part = JsonSerializer.SerializeToUtf8Bytes(test, Json.Options);
            if (Head.Length + part.Length + Foot.Length > MaxBytes)
                throw LbException.BadInput($"test \"{test.TestId}\" has {part.Length:N0} bytes as JSON; the limit is {MaxBytes:N0}: shorten its command or environment");

            if (batch.Count > 0 && (batch.Count == MaxTests || bytes + part.Length + 1 > MaxBytes))
            {
                yield return Join(batch, parts);
                (batch, parts, bytes) = ([], [], Head.Length + Foot.Length);
            }

            batch.Add(test);
            parts.Add(part);
            bytes += part.Length + 1;
        }

        if (batch.Count > 0) yield return Join(batch, parts);
    }

    private static SubmissionBatch Join(List<SubmitTest> tests, List<byte[]> parts)
    {
        using var body = new MemoryStream();
        body.Write(Head);
        for (var i = 0; i < parts.Count; i++)
        {
            if (i > 0) body.WriteByte((byte)',');
            body.Write(parts[i]);
        }

        body.Write(Foot);
        return new SubmissionBatch(tests, body.ToArray());
    }
}
