using LoadBalancer.Scheduler.Persistence;
using Npgsql;

namespace LoadBalancer.Scheduler.Tests.Persistence;

public sealed class DatabaseTroubleTests
{
    [Theory]
    [InlineData("FATAL", "25P03")]
    [InlineData("FATAL", "28000")]
    [InlineData("FATAL", "28P01")]
    [InlineData("FATAL", "3D000")]
    [InlineData("FATAL", "42501")]
    [InlineData("FATAL", "57P01")]
    [InlineData("ERROR", "25006")]
    public void Whoever_is_not_let_in_or_is_cut_off_waits_for_the_database(string severity, string state) =>
        Assert.True(DatabaseTrouble.IsAway(new InvalidOperationException("", Told(severity, state))));

    [Theory]
    [InlineData("23514")]
    [InlineData("42501")]
    [InlineData("42P01")]
    public void A_statement_that_is_refused_is_not_repeated(string state) =>
        Assert.False(DatabaseTrouble.IsAway(new InvalidOperationException("", Told("ERROR", state))));

    [Fact]
    public void A_connection_that_the_client_cannot_make_is_waited_for() =>
        Assert.True(DatabaseTrouble.IsAway(new NpgsqlException("the server does not offer what the settings ask for")));

    private static PostgresException Told(string severity, string state) => new("", severity, severity, state);
}
