using System.Diagnostics;
using System.Globalization;

namespace LoadBalancer.System.Tests.Servers;

/// <summary>A PostgreSQL server on loopback, without a Unix socket, because the path of one is limited to 107 bytes.</summary>
internal sealed class PrivatePostgres : PrivateServer
{
    /// <summary>A role that is not let in without its password. Everybody else is.</summary>
    public const string AskedRole = "asked";

    private readonly string programs;
    private readonly string? smallDisk;
    private readonly int port = FreePort.Next();
    private string data = "data";

    private PrivatePostgres(string programs, string? smallDisk) => (this.programs, this.smallDisk) = (programs, smallDisk);

    // The client's package makes the same directory, without initdb.
    public static string? Installed { get; } = Newest("/usr/lib/postgresql", "*", "bin", "initdb");

    public string ConnectionString => $"Host=127.0.0.1;Port={port};Username=postgres;Database=postgres";

    public override int ServerProcessId => int.Parse(File.ReadLines(StateFile).First(), CultureInfo.InvariantCulture);

    // fsync off survives a crash of the process. synchronous_commit stays on: without it a crash forgets acknowledged commits.
    // The signal is repeated because a server that is only just starting ignores it.
    protected override string Script => $$"""
        {{Prepare}}
        [ -f {{data}}/PG_VERSION ] || {
            {{AsServer}}{{programs}}/initdb -D {{data}} -U postgres -A trust --no-sync --locale=C.UTF-8 -E UTF8 || exit 1
            sed -i '1i host all {{AskedRole}} 127.0.0.1/32 scram-sha-256' {{data}}/pg_hba.conf
        }
        {{OnSmallDisk}}{{AsServer}}{{programs}}/postgres -D {{data}} -p {{port}} -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
            -c fsync=off -c full_page_writes=off -c max_connections=400 -c primary_conninfo= & server=$!
        [ ! -f {{data}}/standby.signal ] || {
            until grep -q ^ready {{data}}/postmaster.pid; do sleep 0.1; done
            {{AsServer}}{{programs}}/pg_ctl promote -D {{data}}
        } & promoter=$!
        (read -r _ <&3; while kill -INT $server; do sleep 1; done) & watcher=$!
        wait $server
        kill $watcher $promoter
        wait
        """;

    private string StateFile => Path.Combine(Folder, data, "postmaster.pid");

    // initdb and postgres refuse to run as root.
    private static string Prepare => Environment.IsPrivilegedProcess ? "chown postgres ." : "";

    private static string AsServer =>
        Environment.IsPrivilegedProcess ? "setpriv --reuid=postgres --regid=postgres --clear-groups " : "";

    /// <summary>A directory on a disk of its own, which only the server sees and which goes with it.</summary>
    public string SmallDisk => Path.Combine(Folder, "small");

    private string OnSmallDisk => smallDisk is null
        ? ""
        : $"unshare -m sh -c 'mkdir -p small && mount -t tmpfs -o size={smallDisk},uid=$(id -u postgres),mode=700 tmpfs small && exec \"$@\"' - ";

    /// <param name="smallDisk">The size of <see cref="SmallDisk"/>, such as 24m; only a privileged process can have one.</param>
    public static Task<PrivatePostgres> StartAsync(string? smallDisk = null) =>
        BootedAsync(new PrivatePostgres(Installed ?? throw new FileNotFoundException("PostgreSQL is not installed"), smallDisk));

    /// <summary>
    /// Makes a standby that has everything up to now and receives nothing more. From the next boot on it is the server, promoted, at the same
    /// address.
    /// </summary>
    /// <returns>What makes the next boot that of the standby.</returns>
    public async Task<Action> NewStandbyAsync()
    {
        const string Standby = "standby";
        var backup = $"cd '{Folder}' && {AsServer}{programs}/pg_basebackup -h 127.0.0.1 -p {port} -U postgres -D {Standby} -R -X stream -c fast --no-sync 2>&1";
        using var copying = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", backup]) { RedirectStandardOutput = true })!;
        var output = await copying.StandardOutput.ReadToEndAsync();
        await copying.WaitForExitAsync();
        if (copying.ExitCode != 0)
        {
            throw new InvalidOperationException($"pg_basebackup ended with {copying.ExitCode}: {output}");
        }

        return () => data = Standby;
    }

    protected override Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            // A standby that answers is ready; the file goes when it is promoted.
            return Task.FromResult(
                File.ReadLines(StateFile).LastOrDefault()?.StartsWith("ready", StringComparison.Ordinal) == true &&
                !File.Exists(Path.Combine(Folder, data, "standby.signal")));
        }
        catch (IOException)
        {
            return Task.FromResult(false);
        }
    }

    /// <summary>PostgreSQL's immediate shutdown: every back end ends at once and the next start recovers.</summary>
    protected override void SendCrash() => Signal.SendQuit(ServerProcessId);
}
