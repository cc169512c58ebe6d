using System.Net.Mime;
using MassTransit;
using MassTransit.Serialization;

namespace LoadBalancer.Scheduler.Bus;

/// <summary>
/// Hands every body to the consumer as it came, whatever its content type says. MassTransit would read it first, and would keep what it
/// cannot read with a reason that names its own classes instead of what is wrong.
/// </summary>
internal sealed class UnreadBody : ISerializerFactory, IMessageDeserializer
{
    private readonly SystemTextJsonRawMessageSerializer json = new(RawSerializerOptions.AnyMessageType);

    public ContentType ContentType => SystemTextJsonRawMessageSerializer.JsonContentType;

    public IMessageSerializer CreateSerializer() => json;

    public IMessageDeserializer CreateDeserializer() => this;

    public ConsumeContext Deserialize(ReceiveContext receiveContext) =>
        new BodyConsumeContext(receiveContext, Deserialize(receiveContext.Body, receiveContext.TransportHeaders, receiveContext.InputAddress));

    public SerializerContext Deserialize(MessageBody body, Headers headers, Uri? destinationAddress = null) =>
        json.Deserialize(GetMessageBody("{}"), headers, destinationAddress);

    public MessageBody GetMessageBody(string text) => json.GetMessageBody(text);

    public void Probe(ProbeContext context) => context.CreateScope("unread");
}

/// <summary>Stands for a body whose fields its consumer reads.</summary>
public sealed record UnreadMessage;
