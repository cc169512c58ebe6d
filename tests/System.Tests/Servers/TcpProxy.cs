using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.System.Tests.Servers;

[Flags]
internal enum Flow
{
    ToServer = 1,
    FromServer = 2,
    Both = ToServer | FromServer,
}

/// <summary>Stands between a process and a server. A test can let nothing pass, in one direction or both, and break the connections.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource closed = new();
    private readonly Lock gate = new();
    private readonly HashSet<Socket> open = [];
    private readonly Dictionary<Flow, TaskCompletionSource> gates = new() { [Flow.ToServer] = Opened(), [Flow.FromServer] = Opened() };
    private readonly Uri target;
    private readonly Task accepting;
    private bool refuses;
    private int most = int.MaxValue;

    public TcpProxy(Uri target)
    {
        this.target = target;
        listener.Start();
        Url = new UriBuilder(target) { Host = "127.0.0.1", Port = ((IPEndPoint)listener.LocalEndpoint).Port }.Uri;
        accepting = AcceptAsync();
    }

    /// <summary>The server's address, by way of this proxy.</summary>
    public Uri Url { get; }

    /// <summary>Lets nothing pass until <see cref="Restore"/>; connections stay open, as when a cable is pulled.</summary>
    public void Pause(Flow flow = Flow.Both)
    {
        lock (gate)
        {
            foreach (var direction in gates.Keys.Where(direction => flow.HasFlag(direction) && gates[direction].Task.IsCompleted).ToList())
            {
                gates[direction] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    /// <summary>
    /// Lets nothing pass any more once a client is in the middle of sending more than this in one go, as when it is cut off or frozen there.
    /// What the server has of it by then is no less.
    /// </summary>
    public void PauseWithin(int bytes) => most = bytes;

    /// <summary>Nothing passes in any direction.</summary>
    public bool IsPaused
    {
        get
        {
            lock (gate)
            {
                return gates.Values.All(direction => !direction.Task.IsCompleted);
            }
        }
    }

    /// <summary>Breaks every connection; new ones may be made.</summary>
    public void Reset()
    {
        lock (gate)
        {
            foreach (var socket in open.ToList())
            {
                // Without lingering the other side sees a reset, not an end.
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                socket.Close();
            }

            open.Clear();
        }
    }

    /// <summary>Breaks every connection, and each new one at once, until <see cref="Restore"/>.</summary>
    public void Cut()
    {
        refuses = true;
        Reset();
    }

    public void Restore()
    {
        (refuses, most) = (false, int.MaxValue);
        lock (gate)
        {
            foreach (var paused in gates.Values)
            {
                paused.TrySetResult();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await closed.CancelAsync();
        listener.Stop();
        await accepting;
        Restore();
        Reset();
        closed.Dispose();
    }

    private static TaskCompletionSource Opened()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptSocketAsync(closed.Token));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // the end
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        try
        {
            Keep(client);
            Keep(server);
            await server.ConnectAsync(target.Host, target.Port, closed.Token);
            var sending = new Sending();
            await Task.WhenAny(PumpAsync(client, server, Flow.ToServer, sending), PumpAsync(server, client, Flow.FromServer, sending));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Broken on request, or the server is not there: either way the client sees its connection end.
        }
        finally
        {
            lock (gate)
            {
                foreach (var socket in (Socket[])[client, server])
                {
                    open.Remove(socket);
                    socket.Dispose();
                }
            }
        }
    }

    private void Keep(Socket socket)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(refuses, socket);
            open.Add(socket);
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Flow flow, Sending sending)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReceiveAsync(buffer, closed.Token) is var length and > 0)
        {
            if (flow == Flow.ToServer && sending.Passed > most)
            {
                Pause();
            }

            sending.Passed = flow == Flow.ToServer ? sending.Passed + length : 0;
            await GateOf(flow).WaitAsync(closed.Token);
            for (var sent = 0; sent < length;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, length - sent), closed.Token);
            }
        }
    }

    private Task GateOf(Flow flow)
    {
        lock (gate)
        {
            return gates[flow].Task;
        }
    }

    /// <summary>What has passed to the server since its last answer.</summary>
    private sealed class Sending
    {
        public int Passed { get; set; }
    }
}
