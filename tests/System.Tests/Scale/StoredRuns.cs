using System.Globalization;
using Npgsql;

namespace LoadBalancer.System.Tests.Scale;

/// <summary>
/// What a database holds after a long time, made by the server itself: runs that ended in the last 29 days, some that ended longer ago, runs
/// that wait, and runs that keep every slot of their workers busy. The schema is there before, with its indexes.
/// </summary>
internal sealed record StoredRuns(int Ended, int Waiting, int Running)
{
    /// <summary>Beside those that ended in the last 29 days.</summary>
    public const int LongEnded = 2_500;

    public const int RunsOfSuite = 1_000;

    private const int SlotsOfWorker = 10;

    // Ids are as random as those that clients make up.
    private const string Functions = """
        CREATE FUNCTION pg_temp.run(i bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$ SELECT md5('run-' || i)::uuid $$;
        CREATE FUNCTION pg_temp.session(worker bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$ SELECT md5('session-' || worker)::uuid $$;
        CREATE FUNCTION pg_temp.submission(i bigint) RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$ SELECT jsonb_build_object(
            'runId', pg_temp.run(i), 'testId', 'test-' || i % 5000, 'testType', 'unit', 'suite', 'suite-' || i / 1000, 'submitter', 'ci', 'priority', 3,
            'expectedDurationSeconds', 60, 'timeoutSeconds', 3600,
            'requirements', jsonb_build_object('minimumMemoryGb', 0.5, 'cpuCores', 0.5),
            'command', jsonb_build_object('executable', '/usr/bin/pytest', 'arguments', jsonb_build_array('-q', '--maxfail=1', 'tests/test_' || i % 5000 || '.py'))) $$;
        """;

    private const string Runs = """
        INSERT INTO runs (run_id, version, state, sequence, submission, test_id, suite, submitter, test_type, priority, submitted_at, attempt, worker_id,
            session_id, worker_class, assigned_at, started_at, ended_at, retries_used, infrastructure_failures, impossible_rounds, failed_on, reason,
            duration_seconds, queue_deadline, start_deadline, execution_deadline, overdue)
        SELECT pg_temp.run(i), {version}, {state}, {version}, pg_temp.submission(i), 'test-' || i % 5000, 'suite-' || i / 1000, 'ci', 'unit', 3,
            {submitted}, {attempt}, {worker}, {session}, 'class-a', {started}, {started}, {ended}, 0, 0, 0, '[]', 'said why', 60, {queueDeadline}, NULL,
            {executionDeadline}, false
        FROM generate_series({from}, {to}) AS i;
        """;

    private const string EndedAt = "now() - interval '29 days' * (1 - i / {count}::double precision)";

    private const string LongEndedAt = "now() - interval '31 days' - interval '1 second' * i";

    /// <summary>Of most runs only themselves: to make the rest of a million takes long and changes no plan.</summary>
    private const string Rest = """
        INSERT INTO changes (run_id, sequence, test_id, test_type, suite, submitter, state, attempt, worker_id, at, reason)
        SELECT run_id, 4, test_id, test_type, suite, submitter, state, attempt, worker_id, coalesce(ended_at, submitted_at), reason
        FROM runs WHERE (ended_at IS NULL OR ended_at > now() - interval '8 days' OR ended_at < now() - interval '30 days');
        INSERT INTO changes (run_id, sequence, test_id, test_type, suite, submitter, state, attempt, at, reason)
        SELECT md5('refused-' || i)::uuid, 0, 'test', 'unit', '', 'ci', 'refused', 0, now() - interval '60 days' * (i / 5000.0), 'said why'
        FROM generate_series(1, 5000) AS i;
        INSERT INTO decisions (run_id, attempt, worker_id, session_id, worker_class, policy, reason, decided_at, predicted_seconds, predicted_p90_seconds,
            devices, score, alternatives, refusals)
        SELECT run_id, 1, worker_id, session_id, 'class-a', 'adaptive', 'ends first there', assigned_at, 60, 90, '[]', '{}', '[]', '{}'
        FROM runs WHERE attempt = 1 AND (ended_at IS NULL OR ended_at > now() - interval '8 days' OR ended_at < now() - interval '30 days');
        INSERT INTO outcomes (run_id, attempt, worker_id, session_id, worker_class, test_id, test_type, model_id, model_family, accepted, outcome, started_at,
            ended_at, exit_code, duration_seconds, prepare_seconds, cpu_seconds, peak_memory_gb, output_head, output_tail)
        SELECT run_id, 1, worker_id, session_id, 'class-a', test_id, 'unit', '', '', true, 'Passed', started_at, ended_at, 0, 60, 0, 50, 0.4,
            repeat('collected 1 item', 12), 'passed in 60 s'
        FROM runs WHERE ended_at IS NOT NULL AND (ended_at IS NULL OR ended_at > now() - interval '8 days' OR ended_at < now() - interval '30 days') ORDER BY ended_at;
        INSERT INTO reservations (run_id, attempt, worker_id, memory_gb, cpu_cores, disk_gb, devices, keys)
        SELECT run_id, 1, worker_id, 0.5, 0.5, 0, '[]', '[]' FROM runs WHERE state = 'Running';
        INSERT INTO workers (worker_id, session_id, state, slots, capabilities, version, registered_at, last_heartbeat_at, lease_until, load, drain_reason,
            draining, previous_ended_by_outage)
        SELECT 'worker-' || i, pg_temp.session(i), 'Alive', {slots},
            '{"hostname": "host", "os": "linux", "architecture": "x64", "cpuCores": 16, "cpuThreads": 32, "memoryGb": 64, "diskGb": 500, "backends": ["cpu"], "class": "class-a"}',
            '1', now(), now(), now() + interval '1 hour', '{}', '', false, false
        FROM generate_series(0, {workers} - 1) AS i;
        ANALYZE;
        """;

    private int Workers => (Running + SlotsOfWorker - 1) / SlotsOfWorker;

    /// <summary>Stores all of it in a database that has the schema and nothing else.</summary>
    public async Task FillAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection($"{connectionString};Pooling=false;Command Timeout=600");
        await connection.OpenAsync();
        foreach (var sql in new[] { "SET synchronous_commit = off; SET work_mem = '256MB'; SET maintenance_work_mem = '256MB'", Functions, AllRuns(), Filled(Rest) })
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    private string AllRuns()
    {
        var (ended, waiting) = (Ended + LongEnded, Ended + LongEnded + Waiting);
        return Rows(1, Ended, "CASE WHEN i % 20 = 0 THEN 'Failed' ELSE 'Completed' END", EndedAt) +
            Rows(Ended + 1, ended, "'Completed'", LongEndedAt) +
            Rows(ended + 1, waiting, "'Submitted'", ended: null) +
            Rows(waiting + 1, waiting + Running, "'Running'", ended: null);
    }

    private string Rows(int from, int to, string state, string? ended)
    {
        var waits = state == "'Submitted'";
        var begun = ended ?? "now() - interval '1 minute' * (i % 10)";
        return Filled(Runs
            .Replace("{version}", waits ? "1" : "4", StringComparison.Ordinal)
            .Replace("{state}", state, StringComparison.Ordinal)
            .Replace("{submitted}", $"{begun} - interval '2 minutes'", StringComparison.Ordinal)
            .Replace("{attempt}", waits ? "0" : "1", StringComparison.Ordinal)
            .Replace("{worker}", waits ? "NULL" : "'worker-' || i % {workers}", StringComparison.Ordinal)
            .Replace("{session}", waits ? "NULL" : "pg_temp.session(i % {workers})", StringComparison.Ordinal)
            .Replace("{started}", waits ? "NULL" : $"{begun} - interval '1 minute'", StringComparison.Ordinal)
            .Replace("{queueDeadline}", waits ? "now() + interval '1 day'" : "NULL", StringComparison.Ordinal)
            .Replace("{executionDeadline}", waits || ended is not null ? "NULL" : "now() + interval '1 hour'", StringComparison.Ordinal)
            .Replace("{ended}", ended ?? "NULL", StringComparison.Ordinal)
            .Replace("{from}", Text(from), StringComparison.Ordinal)
            .Replace("{to}", Text(to), StringComparison.Ordinal));
    }

    private string Filled(string sql) => sql
        .Replace("{workers}", Text(Workers), StringComparison.Ordinal)
        .Replace("{slots}", Text(SlotsOfWorker), StringComparison.Ordinal)
        .Replace("{count}", Text(Ended), StringComparison.Ordinal);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
