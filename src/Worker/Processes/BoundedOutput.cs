using System.Globalization;
using System.Text;

namespace LoadBalancer.Worker.Processes;

/// <summary>The first and the last part of a child's output. All of it is read, so that the child never waits; the middle is forgotten.</summary>
internal sealed class BoundedOutput(int headLimit = BoundedOutput.DefaultLimit, int tailLimit = BoundedOutput.DefaultLimit)
{
    public const int DefaultLimit = 32 * 1024;

    private readonly Lock gate = new();
    private readonly byte[] head = new byte[headLimit];
    private readonly byte[] tail = new byte[tailLimit];
    private long total;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            var intoHead = (int)Math.Clamp(headLimit - total, 0, bytes.Length);
            bytes[..intoHead].CopyTo(head.AsSpan((int)Math.Min(total, headLimit)));
            total += intoHead;
            AppendToTail(bytes[intoHead..]);
        }
    }

    public string Head
    {
        get
        {
            lock (gate)
                return Text(head.AsSpan(0, (int)Math.Min(total, headLimit)));
        }
    }

    /// <summary>Empty when the head holds it all; begins with a note when something between the two was left out.</summary>
    public string Tail
    {
        get
        {
            lock (gate)
            {
                var length = total - headLimit;
                if (length <= 0)
                    return "";
                if (length <= tailLimit)
                    return Text(tail.AsSpan(0, (int)length));

                var start = (int)(length % tailLimit);
                byte[] unrolled = [.. tail.AsSpan(start), .. tail.AsSpan(0, start)];
                var note = string.Create(CultureInfo.InvariantCulture, $"[output truncated: {length - tailLimit} bytes left out]\n");
                return note + Text(unrolled);
            }
        }
    }

    private void AppendToTail(ReadOnlySpan<byte> bytes)
    {
        var skipped = Math.Max(0, bytes.Length - tailLimit);
        total += skipped;
        bytes = bytes[skipped..];
        while (bytes.Length > 0)
        {
            var position = (int)((total - headLimit) % tailLimit);
            var length = Math.Min(bytes.Length, tailLimit - position);
            bytes[..length].CopyTo(tail.AsSpan(position));
            total += length;
            bytes = bytes[length..];
        }
    }

    // A NUL is legal in output and illegal in a text column.
    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes).Replace('\0', '\uFFFD');
}
