using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;

namespace LoadBalancer.Scheduler.Submissions;

internal sealed class CancelTestConsumer(Cancellations cancellations) : IConsumer<CancelTest>
{
    public async Task Consume(ConsumeContext<CancelTest> context)
    {
        var cancel = context.Message;
        if (cancel.RunId is { } runId && runId != Guid.Empty)
            await cancellations.CancelAsync(runId, cancel.Reason, context.CancellationToken);
        else if (cancel.Suite?.Contains('\0', StringComparison.Ordinal) == true)
            throw new UnreadableSubmissionException($"suite: {Quote.Text(cancel.Suite)} holds a NUL character");
        else if (cancel.Suite is { Length: > 0 } suite)
            await cancellations.CancelSuiteAsync(suite, cancel.Reason, context.CancellationToken);
        else
            throw new UnreadableSubmissionException("a cancel names a runId or a suite; this one names neither");
    }
}
