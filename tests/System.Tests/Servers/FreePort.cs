using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.System.Tests.Servers;

/// <summary>
/// Ports below the range from which the kernel serves outgoing connections, so that none of those takes one first. No port is
/// given twice, because a server that was told its port may take seconds to listen there.
/// </summary>
internal static class FreePort
{
    private static readonly HashSet<int> Given = [];

    public static int Next()
    {
        lock (Given)
        {
            while (true)
            {
                var port = Random.Shared.Next(20_000, 32_000);
                if (!Given.Contains(port) && IsFree(port))
                {
                    Given.Add(port);
                    return port;
                }
            }
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
