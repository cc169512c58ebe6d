using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Bus;
using MassTransit;

namespace LoadBalancer.Scheduler.Submissions;

/// <summary>
/// Any body on queue <c>submit-test</c>. It is read from its bytes, strictly, so that a refusal can name the field; what cannot be
/// read at all goes to <c>submit-test_error</c> with the reason in its headers, and so does a list of which something could not be stored.
/// </summary>
internal sealed class SubmitTestConsumer(SubmissionDesk desk) : IConsumer<UnreadMessage>
{
    public async Task Consume(ConsumeContext<UnreadMessage> context)
    {
        var delivery = DeliveryOf(context);
        // The broker's message id may have any form; MassTransit knows only GUIDs.
        var messageId = delivery?.Properties.MessageId ?? context.MessageId?.ToString();
        var body = SubmissionReader.Read(
            context.ReceiveContext.Body.GetBytes(),
            index => string.IsNullOrEmpty(messageId) ? Guid.CreateVersion7() : RunIds.FromMessage(messageId, index));
        // The broker has checked the publisher's user name where the message carries one.
        var publisher = delivery?.Properties.UserId is { Length: > 0 } user ? user : "default";
        var submitted = await desk.SubmitAsync(body.Tests, publisher, context.CancellationToken);
        if (submitted.NotStored.Count > 0)
            throw new UnstorableSubmissionException(submitted.NotStored);
    }

    private static RabbitMqBasicConsumeContext? DeliveryOf(ConsumeContext context) =>
        context.ReceiveContext.TryGetPayload(out RabbitMqBasicConsumeContext? delivery) ? delivery : null;
}

/// <summary>The rest of the list is stored: whoever sends it again is told that it is.</summary>
internal sealed class UnstorableSubmissionException(IReadOnlyList<SubmitAnswer> notStored) : Exception(Describe(notStored))
{
    private const int MostTold = 5;

    private static string Describe(IReadOnlyList<SubmitAnswer> notStored)
    {
        var told = string.Join("; ", notStored.Take(MostTold).Select(test => $"test {Quote.Text(test.TestId)}, run {test.RunId}: {test.Reason}"));
        return notStored.Count <= MostTold ? told : $"{told}; and {notStored.Count - MostTold} more";
    }
}
