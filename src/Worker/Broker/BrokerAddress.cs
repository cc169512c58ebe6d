namespace LoadBalancer.Worker.Broker;

/// <summary>An AMQP address taken apart. Shown without its password.</summary>
internal sealed record BrokerAddress(string Host, ushort Port, string VirtualHost, string User, string Password, bool UsesTls)
{
    private const ushort PlainPort = 5672;
    private const ushort TlsPort = 5671;

    public static BrokerAddress Of(Uri url)
    {
        var tls = url.Scheme == "amqps";
        var user = url.UserInfo.Split(':', 2);
        var path = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/'));
        return new BrokerAddress(
            url.Host,
            url.Port > 0 ? (ushort)url.Port : tls ? TlsPort : PlainPort,
            path.Length == 0 ? "/" : path,
            user[0].Length == 0 ? "guest" : Uri.UnescapeDataString(user[0]),
            user.Length < 2 ? "guest" : Uri.UnescapeDataString(user[1]),
            tls);
    }

    public override string ToString() => $"{Host}:{Port}, virtual host '{VirtualHost}', user '{User}'";
}
