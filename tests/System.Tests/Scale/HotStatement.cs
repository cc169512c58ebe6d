namespace LoadBalancer.System.Tests.Scale;

/// <summary>A statement that a working scheduler executes, known by parts of its text.</summary>
internal sealed record HotStatement(string What, params string[] Parts)
{
    public static readonly IReadOnlyList<HotStatement> All =
    [
        new("the start reads what waits", "FROM runs AS r", "r.ended_at IS NULL AND r.state IN ('Submitted', 'Requeued')", "ORDER BY r.submitted_at"),
        new("the start reads reservations", "FROM reservations AS r", "LEFT JOIN decisions AS d"),
        new("the start reads what teaches", "FROM outcomes AS o", "ORDER BY o.id DESC"),
        new("an event reads its run", "FROM runs AS r", "r.run_id = ANY"),
        new("a commit adds runs", "INSERT INTO runs ("),
        new("a commit changes runs", "UPDATE runs AS old"),
        new("a commit releases reservations", "DELETE FROM reservations AS held"),
        new("a commit adds reservations", "INSERT INTO reservations ("),
        new("a commit adds decisions", "INSERT INTO decisions ("),
        new("a commit adds outcomes", "INSERT INTO outcomes ("),
        new("a commit adds changes", "INSERT INTO changes ("),
        new("a commit adds messages", "INSERT INTO outbox ("),
        new("the relay reads assignments and commands", "FROM outbox AS o", "o.kind <> 'Event'"),
        new("the relay reads events", "FROM outbox AS o", "o.kind = 'Event'"),
        new("sent messages are deleted", "DELETE FROM outbox AS o"),
        new("the sweeper reads attempts without a session", "FROM runs AS r", "NOT EXISTS", "FROM workers AS w"),
        new("the sweeper reads queue deadlines", "r.queue_deadline <= $"),
        new("the sweeper reads start deadlines", "r.start_deadline <= $"),
        new("the sweeper reads execution deadlines", "r.execution_deadline <= $"),
        new("a heartbeat reads the runs of its worker", "FROM runs AS r", "r.worker_id = $", "r.session_id = $"),
        new("a heartbeat reads which results are stored", "FROM outcomes AS o", "o.run_id = ANY", "o.worker_id = $"),
        new("a suite is cancelled", "SELECT r.run_id", "r.suite = $", "r.ended_at IS NULL"),
        new("a list, oldest first", "FROM runs AS r\n", "ORDER BY r.submitted_at, r.run_id"),
        new("a list, newest first", "FROM runs AS r\n", "ORDER BY r.submitted_at DESC, r.run_id DESC"),
        new("a list by suite", "r.suite = $", "ORDER BY r.submitted_at, r.run_id"),
        new("a list by state", "r.state = $", "ORDER BY r.submitted_at, r.run_id"),
        new("a list by state, newest first", "r.state = $", "ORDER BY r.submitted_at DESC, r.run_id DESC"),
        new("a list by test", "r.test_id = $", "ORDER BY r.submitted_at, r.run_id"),
        new("a list goes on", "r.submitted_at >= $", "OFFSET"),
        new("a list goes on, newest first", "r.submitted_at <= $", "OFFSET"),
        new("a run", "FROM runs AS r", "r.run_id = $"),
        new("its timeline", "FROM changes AS c", "c.run_id = $"),
        new("its decisions", "FROM decisions AS d", "d.run_id = $"),
        new("its outcomes", "FROM outcomes AS o", "o.run_id = $"),
        new("its output", "FROM outcomes AS o", "ORDER BY o.attempt DESC"),
        new("a suite", "GROUP BY r.state"),
        new("the newest event", "max(c.id)"),
        new("events of all", "FROM changes AS c", "c.id > $", "ORDER BY c.id"),
        new("events of a suite", "FROM changes AS c", "c.id > $", "c.suite = $"),
        new("how far a follower of a suite has read", "max(c", "c.id > $"),
        new("what is to be deleted", "r.ended_at < $", "ORDER BY r.ended_at"),
        new("runs are deleted", "DELETE FROM runs AS r"),
        new("changes are deleted", "DELETE FROM changes AS c", "c.run_id = ANY"),
        new("decisions are deleted", "DELETE FROM decisions AS d"),
        new("outcomes are deleted", "DELETE FROM outcomes AS o", "o.run_id = ANY"),
        new("refusals that are to be deleted", "c.state = 'refused'", "ORDER BY c.at"),
        new("refusals are deleted", "DELETE FROM changes AS c", "c.id = ANY"),
        new("evidence that is to be deleted", "FROM outcomes AS o", "NOT (o.accepted)", "ORDER BY o.ended_at"),
    ];

    public bool Is(string statement) => Parts.All(part => statement.Contains(part, StringComparison.Ordinal));
}
