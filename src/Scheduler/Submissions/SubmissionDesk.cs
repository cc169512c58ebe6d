using System.Collections.Concurrent;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Bus;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Submissions;

/// <summary>What became of the tests of one body.</summary>
/// <param name="Answers">In the order of the tests.</param>
/// <param name="NotStored">Those among them that say of a test, or of its refusal, that it could not be stored.</param>
internal sealed record Submitted(IReadOnlyList<SubmitAnswer> Answers, IReadOnlyList<SubmitAnswer> NotStored);

/// <summary>
/// Where every submission arrives, whatever way it came: stores it, or says why not. Answers after the commit. What cannot be stored keeps up
/// nothing else of its list.
/// </summary>
internal sealed partial class SubmissionDesk(
    TestRunEvents events, IServiceScopeFactory scopes, OutboxSender outbox, TimeProvider time, ILogger<SubmissionDesk> logger)
{
    /// <summary>They become durable together.</summary>
    private const int AtOnce = 256;

    public async Task<Submitted> SubmitAsync(IReadOnlyList<ReadSubmission> tests, string submitter, CancellationToken cancellationToken)
    {
        var (answers, notStored) = (new SubmitAnswer[tests.Count], new ConcurrentQueue<SubmitAnswer>());
        // First: this does not wait for a database that is away, and what is accepted by then would be a duplicate when the body comes again.
        await KeepRefusalsAsync([.. tests.Where(test => !IsValid(test))], notStored, cancellationToken);
        var work = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, tests.Count, work, async (index, token) =>
            answers[index] = IsValid(tests[index]) ? await AcceptAsync(tests[index], submitter, notStored, token) : Refused(tests[index], tests[index].Reason));
        return new Submitted(answers, [.. notStored]);
    }

    private static bool IsValid(ReadSubmission test) => test is { Test: not null, Problems.Count: 0 };

    private async Task<SubmitAnswer> AcceptAsync(
        ReadSubmission valid, string submitter, ConcurrentQueue<SubmitAnswer> notStored, CancellationToken cancellationToken)
    {
        try
        {
            return await AcceptAsync(valid.RunId, valid.Test! with { Submitter = valid.Test.Submitter ?? submitter }, cancellationToken);
        }
        catch (Exception exception) when (IsOfOne(exception, cancellationToken))
        {
            LogNotStored(valid.RunId, exception);
            var answer = Refused(valid, $"it could not be stored: {exception.GetBaseException().Message}");
            notStored.Enqueue(answer);
            return answer;
        }
    }

    /// <summary>False for what would befall every test of the list.</summary>
    private static bool IsOfOne(Exception exception, CancellationToken cancellationToken) =>
        !PassingTrouble.Is(exception) && !cancellationToken.IsCancellationRequested;

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

    private static SubmitAnswer Refused(ReadSubmission refused, string reason) => new()
    {
        RunId = refused.RunId,
        TestId = refused.Test?.TestId ?? "",
        Status = "refused",
        Reason = reason,
    };

    /// <summary>A refusal starts no run; it is kept and announced like a change, so that its submitter can read the reason.</summary>
    private async Task KeepRefusalsAsync(
        IReadOnlyList<ReadSubmission> refused, ConcurrentQueue<SubmitAnswer> notStored, CancellationToken cancellationToken)
    {
        if (refused.Count == 0)
            return;

        try
        {
            await KeepAsync(refused, cancellationToken);
        }
        catch (Exception exception) when (IsOfOne(exception, cancellationToken))
        {
            LogNotStored(refused[0].RunId, exception);
            foreach (var test in refused)
                notStored.Enqueue(Refused(test, $"that it is refused could not be stored: {exception.GetBaseException().Message}"));
        }
    }

    private async Task KeepAsync(IReadOnlyList<ReadSubmission> refused, CancellationToken cancellationToken)
    {
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

    [LoggerMessage(Level = LogLevel.Error, Message = "The submission of run {RunId} could not be stored")]
    private partial void LogNotStored(Guid runId, Exception exception);
}
