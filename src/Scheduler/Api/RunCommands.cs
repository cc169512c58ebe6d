using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.Submissions;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Api;

/// <summary>What changes runs. Answered after the commit.</summary>
internal static class RunCommands
{
    public static async Task<IResult> SubmitAsync(
        HttpContext http, SubmissionDesk desk, Dispatcher dispatcher, CancellationToken cancellationToken)
    {
        ReadBody body;
        try
        {
            body = SubmissionReader.Read(await ReadAsync(http.Request, cancellationToken), _ => Guid.CreateVersion7());
        }
        catch (UnreadableSubmissionException problem)
        {
            return Results.Problem(statusCode: StatusCodes.Status400BadRequest, title: "The body cannot be read", detail: problem.Message);
        }

        var (answers, notStored) = await desk.SubmitAsync(body.Tests, Principal.Of(http).Name, cancellationToken);
        if (!body.IsBatch && body.Tests[0].Problems.Count > 0)
            return Invalid(body.Tests[0]);
        if (!body.IsBatch && notStored.Count > 0)
            return Results.Problem(statusCode: StatusCodes.Status500InternalServerError, title: "The submission could not be stored", detail: notStored[0].Reason);

        var accepted = Enumerable.Range(0, answers.Count).Where(i => answers[i].Status == "accepted").ToList();
        var prospects = await dispatcher.ProspectsAsync([.. accepted.Select(i => (answers[i].RunId, body.Tests[i].Test!))], cancellationToken);
        var told = answers.ToList();
        foreach (var (i, known) in accepted.Zip(prospects))
        {
            told[i] = told[i] with
            {
                Reason = known.Impossible is { } impossible ? $"no registered worker could run it: {impossible}" : told[i].Reason,
                FeasibleWorkers = known.FeasibleWorkers,
                EtaP50Seconds = known.Eta?.P50.TotalSeconds,
                EtaP90Seconds = known.Eta?.P90.TotalSeconds,
            };
        }

        return body.IsBatch ? Results.Ok(new SubmitAnswers(told)) : Results.Ok(told[0]);
    }

    public static async Task<IResult> CancelAsync(Guid runId, string? reason, Cancellations cancellations, CancellationToken cancellationToken)
    {
        var reply = await cancellations.CancelAsync(runId, reason ?? "", cancellationToken);
        return reply.Applied
            ? Results.Ok(new { runId })
            : Results.Problem(statusCode: StatusCodes.Status409Conflict, title: "The run cannot be cancelled", detail: reply.Reason);
    }

    public static async Task<IResult> CancelSuiteAsync(string suite, string? reason, Cancellations cancellations, CancellationToken cancellationToken)
    {
        try
        {
            return Results.Ok(new { suite, runs = await cancellations.CancelSuiteAsync(suite, reason ?? "", cancellationToken) });
        }
        catch (NotCancelledException some)
        {
            return Results.Problem(statusCode: StatusCodes.Status500InternalServerError, title: "Not all of the suite could be cancelled", detail: some.Message);
        }
    }

    private static IResult Invalid(ReadSubmission test) =>
        Results.ValidationProblem(
            test.Problems.GroupBy(problem => problem.Field).ToDictionary(field => field.Key, field => field.Select(problem => problem.Text).ToArray()),
            title: "The submission is refused",
            detail: test.Reason);

    /// <summary>Reads nothing of what says itself that it is too large, else one byte more than allowed, so that the reader notices.</summary>
    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength is { } announced and > SubmissionReader.MaxBytes)
            throw SubmissionReader.TooLarge(announced);

        var buffer = new byte[SubmissionReader.MaxBytes + 1];
        var length = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return buffer.AsMemory(0, length);
    }
}
