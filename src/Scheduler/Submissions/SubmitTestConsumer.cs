using MassTransit;

namespace LoadBalancer.Scheduler.Submissions;

/// <summary>
/// Any body on queue <c>submit-test</c>. It is read from its bytes, strictly, so that a refusal can name the field; what cannot be
/// read at all goes to <c>submit-test_error</c> with the reason in its headers.
/// </summary>
internal sealed class SubmitTestConsumer(SubmissionDesk desk) : IConsumer<SubmissionBody>
{
    public async Task Consume(ConsumeContext<SubmissionBody> context)
    {
        var messageId = context.MessageId?.ToString();
        var body = SubmissionReader.Read(
            context.ReceiveContext.Body.GetBytes(),
            index => messageId is null ? Guid.CreateVersion7() : RunIds.FromMessage(messageId, index));
        await desk.SubmitAsync(body.Tests, PublisherOf(context), context.CancellationToken);
    }

    /// <summary>The broker has checked the publisher's user name where the message carries one.</summary>
    private static string PublisherOf(ConsumeContext context) =>
        context.ReceiveContext.TryGetPayload(out RabbitMqBasicConsumeContext? delivery) && delivery.Properties.UserId is { Length: > 0 } user
            ? user
            : "default";
}

/// <summary>Stands for a body whose fields are read elsewhere.</summary>
public sealed record SubmissionBody;
