using System.Security.Cryptography;
using System.Text;

namespace LoadBalancer.Scheduler.Submissions;

/// <summary>Run ids of submissions that give none.</summary>
internal static class RunIds
{
    private static readonly Guid MessageNamespace = new("6f0e6a52-52a5-4d0b-8a6e-3f6f6b7c2d11");

    /// <summary>The same message gives the same run, however often it is delivered: UUID version 5 (RFC 9562, section 5.5).</summary>
    public static Guid FromMessage(string messageId, int index)
    {
        Span<byte> hash = stackalloc byte[20];
        // SHA-1 is what version 5 is defined by; nothing here rests on its strength.
#pragma warning disable CA5350
        SHA1.HashData([.. MessageNamespace.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes($"{messageId}/{index}")], hash);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
