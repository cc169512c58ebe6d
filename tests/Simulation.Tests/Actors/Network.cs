using LoadBalancer.Contracts;

namespace LoadBalancer.Simulation.Tests.Actors;

internal enum Sent
{
    Confirmed,

    /// <summary>No confirmation came in time: it arrived or not.</summary>
    Unknown,

    /// <summary>There was no queue for it.</summary>
    Returned,
}

/// <summary>
/// The broker. Queues survive its outages; messages are delayed, reordered, delivered again, and may be lost before they are confirmed,
/// as the weather of the world wants it.
/// </summary>
internal sealed class Network(World world)
{
    private readonly Dictionary<string, MessageQueue> queues = new(StringComparer.Ordinal);

    public bool IsUp { get; private set; } = true;

    /// <summary>Messages in queues that somebody consumes or will consume.</summary>
    public IEnumerable<object> Waiting => queues.Values.SelectMany(queue => queue.Ready);

    public void GoDown()
    {
        world.Trace("the broker is down");
        IsUp = false;
        foreach (var queue in queues.Values)
            queue.ReturnAll();
    }

    public void ComeUp()
    {
        if (IsUp)
            return;

        world.Trace("the broker is up");
        IsUp = true;
        foreach (var queue in queues.Values)
            Pump(queue);
    }

    public void Declare(string name) => Queue(name).IsBound = true;

    /// <summary>An operator deletes it, with what is in it.</summary>
    public void Delete(string name)
    {
        world.Trace($"queue {name} is deleted");
        var queue = Queue(name);
        queue.IsBound = false;
        queue.Clear();
    }

    public void Send(Process sender, string queue, object message, Action<Sent>? done = null)
    {
        var weather = world.Weather;
        var unreachable = !IsUp || sender.IsCutOff;
        if (unreachable || world.Chance.Of(weather.Loss))
        {
            sender.After(world.Chance.Seconds(0.5, 10), () => done?.Invoke(Sent.Unknown));
            return;
        }

        var travel = world.Chance.Seconds(0.001, 0.02) + (world.Chance.Of(weather.Delay) ? world.Chance.Seconds(0, 5) : TimeSpan.Zero);
        world.Time.After(travel, () => Arrive(sender, Queue(queue), message, done));
    }

    /// <param name="name">The queue.</param>
    /// <param name="consumer">Who consumes it.</param>
    /// <param name="prefetch">Deliveries that it works on at once.</param>
    /// <param name="handle">Gets the message and what acknowledges it.</param>
    public void Consume(string name, Process consumer, int prefetch, Action<object, Action> handle)
    {
        var queue = Queue(name);
        queue.Remove(consumer);
        queue.Consumers.Add(new Consumer(consumer, prefetch, handle));
        Pump(queue);
    }

    /// <summary>Nobody consumes it until somebody does again.</summary>
    public void Cancel(string name)
    {
        Queue(name).ReturnAll();
        Queue(name).Consumers.Clear();
    }

    /// <summary>The consumer's connection is gone: what it has not acknowledged goes back, and it may work on it none the less.</summary>
    public void Disconnect(Process consumer)
    {
        foreach (var queue in queues.Values.Where(queue => queue.IsConsumedBy(consumer)))
        {
            if (consumer.IsRunning)
                queue.ReturnAll(consumer);
            else
                queue.Remove(consumer);
            Pump(queue);
        }
    }

    public void Reconnect(Process consumer)
    {
        foreach (var queue in queues.Values.Where(queue => queue.IsConsumedBy(consumer)))
            Pump(queue);
    }

    private void Arrive(Process sender, MessageQueue queue, object message, Action<Sent>? done)
    {
        if (!IsUp)
        {
            sender.After(world.Chance.Seconds(0.5, 10), () => done?.Invoke(Sent.Unknown));
            return;
        }

        if (message is RunTest && !queue.IsBound)
        {
            sender.After(world.Chance.Seconds(0.001, 0.01), () => done?.Invoke(Sent.Returned));
            return;
        }

        queue.Add(message);
        var unknown = world.Chance.Of(world.Weather.LostConfirms);
        sender.After(unknown ? world.Chance.Seconds(0.5, 10) : world.Chance.Seconds(0.001, 0.01), () => done?.Invoke(unknown ? Sent.Unknown : Sent.Confirmed));
        Pump(queue);
    }

    private void Pump(MessageQueue queue)
    {
        while (IsUp && queue.TryTake(out var delivery))
        {
            var consumer = delivery.Consumer;
            // One at a time means in order; several are handled in any order.
            var travel = world.Chance.Seconds(0.001, 0.01) + (world.Chance.Of(world.Weather.Delay) ? world.Chance.Seconds(0, 3) : TimeSpan.Zero);
            consumer.Process.After(travel, () => consumer.Handle(delivery.Message, () => Acknowledge(queue, delivery)));
        }
    }

    private void Acknowledge(MessageQueue queue, Delivery delivery)
    {
        if (world.Chance.Of(world.Weather.LostAcknowledgements))
            queue.Return(delivery);
        else
            queue.Done(delivery);
        Pump(queue);
    }

    private MessageQueue Queue(string name)
    {
        if (!queues.TryGetValue(name, out var queue))
            queues[name] = queue = new MessageQueue();
        return queue;
    }

    private sealed record Consumer(Process Process, int Prefetch, Action<object, Action> Handle)
    {
        /// <summary>One that is frozen is handed messages until the broker notices.</summary>
        public bool IsReached => Process is { IsRunning: true, IsCutOff: false, IsForgottenByBroker: false };
    }

    private sealed record Delivery(object Message, int Number, Consumer Consumer);

    private sealed class MessageQueue
    {
        private readonly LinkedList<object> ready = new();
        private readonly List<Delivery> unacknowledged = [];
        private int deliveries;

        public List<Consumer> Consumers { get; } = [];

        public bool IsBound { get; set; }

        public IEnumerable<object> Ready => ready.Concat(unacknowledged.Select(delivery => delivery.Message));

        public void Add(object message) => ready.AddLast(message);

        public bool IsConsumedBy(Process process) => Consumers.Exists(consumer => consumer.Process == process);

        public void Remove(Process process)
        {
            ReturnAll(process);
            Consumers.RemoveAll(consumer => consumer.Process == process);
        }

        /// <summary>Those that have room take turns.</summary>
        public bool TryTake(out Delivery delivery)
        {
            delivery = null!;
            if (ready.First is not { } first ||
                Consumers.Find(c => c.IsReached && unacknowledged.Count(held => held.Consumer == c) < c.Prefetch) is not { } consumer)
                return false;

            Consumers.Remove(consumer);
            Consumers.Add(consumer);
            ready.RemoveFirst();
            delivery = new Delivery(first.Value, deliveries++, consumer);
            unacknowledged.Add(delivery);
            return true;
        }

        public void Done(Delivery delivery) => unacknowledged.RemoveAll(d => d.Number == delivery.Number);

        public void Return(Delivery delivery)
        {
            if (unacknowledged.RemoveAll(d => d.Number == delivery.Number) > 0)
                ready.AddFirst(delivery.Message);
        }

        public void ReturnAll(Process? of = null)
        {
            foreach (var delivery in unacknowledged.AsEnumerable().Reverse().Where(delivery => of is null || delivery.Consumer.Process == of))
                ready.AddFirst(delivery.Message);
            unacknowledged.RemoveAll(delivery => of is null || delivery.Consumer.Process == of);
        }

        public void Clear()
        {
            ready.Clear();
            unacknowledged.Clear();
        }
    }
}
