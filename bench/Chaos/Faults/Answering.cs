using System.Net.Sockets;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace LoadBalancer.Chaos.Faults;

/// <summary>Whether a server answers: a frozen one still accepts connections, so each is asked something.</summary>
internal static class Answering
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public static async Task UntilAsync(Func<CancellationToken, Task> ask, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            try
            {
                await ask(limit.Token);
                return;
            }
            catch (Exception silent) when (IsSilence(silent) && !cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(Interval, time, cancellationToken);
            }
        }
    }

    public static async Task BrokerAsync(Uri address, CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory { Uri = address, ClientProvidedName = "chaos-probe" };
        await using var connection = await factory.CreateConnectionAsync(cancellationToken);
    }

    /// <summary>The request for encryption, which every PostgreSQL server answers with one byte before anything else.</summary>
    public static async Task DatabaseAsync(string host, int port, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(host, port, cancellationToken);
        var stream = client.GetStream();
        await stream.WriteAsync(new byte[] { 0, 0, 0, 8, 4, 210, 22, 47 }, cancellationToken);
        await stream.ReadExactlyAsync(new byte[1], cancellationToken);
    }

    public static async Task HttpAsync(HttpClient http, string path, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    private static bool IsSilence(Exception exception) => exception
        is SocketException or IOException or HttpRequestException or OperationCanceledException or BrokerUnreachableException;
}
