using System.ComponentModel;
using System.Diagnostics;

namespace LoadBalancer.System.Tests.Servers;

/// <summary>A database server on a small disk, for the tests of one class.</summary>
public sealed class SmallDatabase : IAsyncLifetime
{
    private DatabaseServer? server;

    internal DatabaseServer Server
    {
        get
        {
            Assert.SkipWhen(server is null, "postgresql is not installed, or this process may not mount a disk for it");
            return server;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (PrivatePostgres.Installed is not null && Environment.IsPrivilegedProcess && await MayMountAsync())
            server = await DatabaseServer.OnSmallDiskAsync("40m");
    }

    /// <summary>Mounts one where nobody else sees it, and which is gone with the process.</summary>
    internal static async Task<bool> MayMountAsync()
    {
        try
        {
            using var mount = Process.Start("unshare", ["-m", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/tmp"]);
            await mount.WaitForExitAsync();
            return mount.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    public ValueTask DisposeAsync() => server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
