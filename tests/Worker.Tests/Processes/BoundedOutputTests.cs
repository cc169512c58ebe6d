using System.Text;
using CsCheck;
using LoadBalancer.Worker.Processes;

namespace LoadBalancer.Worker.Tests.Processes;

public sealed class BoundedOutputTests
{
    [Fact]
    public void Head_and_tail_are_the_two_ends_of_what_was_written_whatever_the_pieces() =>
        Gen.Char['a', 'z'].Array[0, 60].Array[0, 10].Sample(
            pieces =>
            {
                var output = new BoundedOutput(headLimit: 20, tailLimit: 30);
                foreach (var piece in pieces)
                    output.Append(Encoding.UTF8.GetBytes(piece));

                var all = string.Concat(pieces.Select(piece => new string(piece)));
                Assert.Equal(all[..Math.Min(20, all.Length)], output.Head);
                var rest = all[Math.Min(20, all.Length)..];
                Assert.EndsWith(rest[Math.Max(0, rest.Length - 30)..], output.Tail, StringComparison.Ordinal);
                Assert.Equal(rest.Length > 30, output.Tail.Contains($"{rest.Length - 30} bytes left out", StringComparison.Ordinal));
            },
            seed: "0000KSbbVcR2");

    [Fact]
    public void Output_that_no_text_column_can_hold_is_made_harmless()
    {
        var output = new BoundedOutput();
        output.Append([(byte)'a', 0, 0xFF, (byte)'b']);

        Assert.Equal("a\uFFFD\uFFFDb", output.Head);
    }
}
