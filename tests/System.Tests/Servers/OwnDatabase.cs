namespace LoadBalancer.System.Tests.Servers;

/// <summary>A database server for the tests of one class, which stop and kill it.</summary>
public sealed class OwnDatabase : IAsyncLifetime
{
    private PrivatePostgres? program;
    private DatabaseServer? server;

    internal PrivatePostgres Program
    {
        get
        {
            Assert.SkipWhen(program is null, "postgresql is not installed, and no other database server may be killed");
            return program;
        }
    }

    internal DatabaseServer Server => server ?? DatabaseServer.Of(Program);

    public async ValueTask InitializeAsync()
    {
        if (PrivatePostgres.Installed is not null)
        {
            program = await PrivatePostgres.StartAsync();
            server = DatabaseServer.Of(program);
        }
    }

    public ValueTask DisposeAsync() => server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
