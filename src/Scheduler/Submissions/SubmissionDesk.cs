using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Submissions;

/// <summary>Where every submission arrives, whatever way it came: stores it, or says why not. Answers after the commit.</summary>
internal sealed class SubmissionDesk(TestRunEvents events, IServiceScopeFactory scopes, OutboxSender outbox, TimeProvider time)
{
    /// <summary>They become durable together.</summary>
    private const int AtOnce = 256;

    public async Task<IReadOnlyList<SubmitAnswer>> SubmitAsync(IReadOnlyList<ReadSubmission> tests, string submitter, CancellationToken cancellationToken)
    {
        var answers = new SubmitAnswer[tests.Count];
        var work = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, tests.Count, work, async (index, token) =>
            answers[index] = tests[index] is { Test: { } test, Problems.Count: 0 } valid
                ? await AcceptAsync(valid.RunId, test with { Submitter = test.Submitter ?? submitter }, token)
                : Refused(tests[index]));
        await KeepRefusalsAsync([.. tests.Where(test => test.Problems.Count > 0)], cancellationToken);
        return answers;
    }

    private async Task<SubmitAnswer> AcceptAsync(Guid runId, SubmitTest test, CancellationToken cancellationToken)
    {
        var reply = await events.RaiseAsync(new RunSubmitted(runId, test), cancellationToken);
        return new SubmitAnswer
        {
            RunId = runId,
            TestId = test.TestId,
            Status = reply.Applied ? "accepted" : "duplicate",
            Reason = reply.Reason,
        };
    }

    private static SubmitAnswer Refused(ReadSubmission refused) => new()
    {
        RunId = refused.RunId,
        TestId = refused.Test?.TestId ?? "",
        Status = "refused",
        Reason = refused.Reason,
    };

    /// <summary>A refusal starts no run; it is kept and announced like a change, so that its submitter can read the reason.</summary>
    private async Task KeepRefusalsAsync(IReadOnlyList<ReadSubmission> refused, CancellationToken cancellationToken)
    {
        if (refused.Count == 0)
            return;

        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        var now = time.GetUtcNow();
        var changes = refused.Select(test => Changes.Refusal(test.RunId, Routable(test.Test), test.Reason, now)).ToList();
        var messages = OutboxMessage.Events(changes).ToList();
        database.AddRange(changes);
        database.AddRange(messages);

        using (await scope.ServiceProvider.GetRequiredService<EmbeddedDatabaseGate>().EnterAsync(cancellationToken))
            await database.SaveChangesAsync(cancellationToken);
        outbox.Send(messages);
    }

    /// <summary>A refusal travels under its type, unless the type is what is wrong with it.</summary>
    private static SubmitTest? Routable(SubmitTest? test) =>
        test is null || SubmissionRules.IsTestType(test.TestType) ? test : test with { TestType = "" };
}
