using Npgsql;

namespace LoadBalancer.System.Tests.Servers;

/// <summary>One test's database.</summary>
/// <param name="executeElsewhere">Executes SQL on the same server in another database.</param>
internal sealed class TestDatabase(string name, string connectionString, Func<string, Task> executeElsewhere) : IAsyncDisposable
{
    public string Name => name;

    public string ConnectionString => connectionString;

    /// <summary>The first column of the first row.</summary>
    public async Task<T?> ScalarAsync<T>(string sql, params (string Name, object Value)[] parameters)
    {
        await using var connection = new NpgsqlConnection($"{connectionString};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var (parameter, value) in parameters)
        {
            command.Parameters.AddWithValue(parameter, value);
        }

        return (T?)await command.ExecuteScalarAsync();
    }

    /// <summary>Cuts every connection and lets nobody in.</summary>
    public async Task CloseAsync()
    {
        await executeElsewhere($"ALTER DATABASE {name} ALLOW_CONNECTIONS false");
        await CutConnectionsAsync();
    }

    public Task OpenAsync() => executeElsewhere($"ALTER DATABASE {name} ALLOW_CONNECTIONS true");

    /// <summary>Makes the database writable or not, also for those who are connected: they have to connect again.</summary>
    public async Task SetWritableAsync(bool writable)
    {
        await executeElsewhere($"ALTER DATABASE {name} SET default_transaction_read_only = {(writable ? "off" : "on")}");
        await CutConnectionsAsync();
    }

    public async ValueTask DisposeAsync() => await executeElsewhere($"DROP DATABASE {name} WITH (FORCE)");

    private Task CutConnectionsAsync() => executeElsewhere($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
}
