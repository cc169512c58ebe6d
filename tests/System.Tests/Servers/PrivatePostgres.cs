using System.Globalization;

namespace LoadBalancer.System.Tests.Servers;

/// <summary>A PostgreSQL server on loopback, without a Unix socket, because the path of one is limited to 107 bytes.</summary>
internal sealed class PrivatePostgres : PrivateServer
{
    /// <summary>A role that is not let in without its password. Everybody else is.</summary>
    public const string AskedRole = "asked";

    private readonly string programs;
    private readonly int port = FreePort.Next();

    private PrivatePostgres(string programs) => this.programs = programs;

    // The client's package makes the same directory, without initdb.
    public static string? Installed { get; } = Newest("/usr/lib/postgresql", "*", "bin", "initdb");

    public string ConnectionString => $"Host=127.0.0.1;Port={port};Username=postgres;Database=postgres";

    public override int ServerProcessId => int.Parse(File.ReadLines(StateFile).First(), CultureInfo.InvariantCulture);

    // fsync off survives a crash of the process. synchronous_commit stays on: without it a crash forgets acknowledged commits.
    // The signal is repeated because a server that is only just starting ignores it.
    protected override string Script => $$"""
        {{Prepare}}
        [ -f data/PG_VERSION ] || {
            {{AsServer}}{{programs}}/initdb -D data -U postgres -A trust --no-sync --locale=C.UTF-8 -E UTF8 || exit 1
            sed -i '1i host all {{AskedRole}} 127.0.0.1/32 scram-sha-256' data/pg_hba.conf
        }
        {{AsServer}}{{programs}}/postgres -D data -p {{port}} -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
            -c fsync=off -c full_page_writes=off -c max_connections=400 & server=$!
        (read -r _ <&3; while kill -INT $server; do sleep 1; done) & watcher=$!
        wait $server
        kill $watcher
        wait
        """;

    private string StateFile => Path.Combine(Folder, "data", "postmaster.pid");

    // initdb and postgres refuse to run as root.
    private static string Prepare => Environment.IsPrivilegedProcess ? "chown postgres ." : "";

    private static string AsServer =>
        Environment.IsPrivilegedProcess ? "setpriv --reuid=postgres --regid=postgres --clear-groups " : "";

    public static Task<PrivatePostgres> StartAsync() =>
        BootedAsync(new PrivatePostgres(Installed ?? throw new FileNotFoundException("PostgreSQL is not installed")));

    protected override Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult(File.ReadLines(StateFile).LastOrDefault()?.StartsWith("ready", StringComparison.Ordinal) == true);
        }
        catch (IOException)
        {
            return Task.FromResult(false);
        }
    }

    /// <summary>PostgreSQL's immediate shutdown: every back end ends at once and the next start recovers.</summary>
    protected override void SendCrash() => Signal.SendQuit(ServerProcessId);
}
