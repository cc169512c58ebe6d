using DotNet.Testcontainers.Builders;
using Npgsql;
using Testcontainers.PostgreSql;

namespace LoadBalancer.System.Tests.Servers;

/// <summary>The database server of this test run: a given one, else an installed program, else a container.</summary>
internal sealed class DatabaseServer : IAsyncDisposable
{
    private const string Image = "postgres:17.5";

    private readonly string connectionString;
    private readonly IAsyncDisposable? owned;

    private DatabaseServer(string origin, string connectionString, IAsyncDisposable? owned) =>
        (Origin, this.connectionString, this.owned) = (origin, connectionString, owned);

    /// <summary>Where it came from, for the test log.</summary>
    public string Origin { get; }

    /// <exception cref="DockerUnavailableException">Nothing was given, nothing is installed, and there is no Docker.</exception>
    public static async Task<DatabaseServer> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("LB_TEST_POSTGRES") is { Length: > 0 } given)
        {
            return new DatabaseServer("LB_TEST_POSTGRES", given, owned: null);
        }

        return PrivatePostgres.Installed is null ? await StartContainerAsync() : Of(await PrivatePostgres.StartAsync());
    }

    /// <summary>Owns the server from now on.</summary>
    public static DatabaseServer Of(PrivatePostgres server) => new("a private process", server.ConnectionString, server);

    /// <summary>A database of its own for one test; a copy of <paramref name="template"/>, which nobody may be using, if there is one.</summary>
    public async Task<TestDatabase> NewDatabaseAsync(TestDatabase? template = null)
    {
        var name = $"t{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE DATABASE {name}{(template is null ? "" : $" TEMPLATE {template.Name}")}");
        // A pool of its own would keep connections to every test's database.
        var builder = new NpgsqlConnectionStringBuilder(connectionString) { Database = name };
        return new TestDatabase(name, builder.ConnectionString, ExecuteAsync);
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (owned is not null)
        {
            await owned.DisposeAsync();
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        // A pool would keep connections that a crash of the server has ended.
        await using var connection = new NpgsqlConnection($"{connectionString};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<DatabaseServer> StartContainerAsync()
    {
        var container = new PostgreSqlBuilder(Image).Build();
        await container.StartAsync();
        return new DatabaseServer($"container {Image}", container.GetConnectionString(), container);
    }
}
