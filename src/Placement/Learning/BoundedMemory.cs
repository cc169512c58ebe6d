namespace LoadBalancer.Placement;

/// <summary>Values by name, at most so many: a new name takes the place of the one that was changed longest ago.</summary>
internal sealed class BoundedMemory<T>(int capacity)
    where T : new()
{
    private readonly Dictionary<string, LinkedListNode<(string Name, T Value)>> byName = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Name, T Value)> byAge = new();

    public int Count => byName.Count;

    /// <summary>What is known, without making it younger; the default value if nothing is.</summary>
    public T? this[string name] => byName.TryGetValue(name, out var node) ? node.Value.Value : default;

    public IEnumerable<(string Name, T Value)> All => byAge;

    public void Remove(string name)
    {
        if (byName.Remove(name, out var node))
            byAge.Remove(node);
    }

    public void Change(string name, Func<T, T> change)
    {
        if (byName.TryGetValue(name, out var node))
        {
            node.Value = (name, change(node.Value.Value));
            byAge.Remove(node);
            byAge.AddLast(node);
            return;
        }

        if (byName.Count >= capacity)
        {
            byName.Remove(byAge.First!.Value.Name);
            byAge.RemoveFirst();
        }

        byName[name] = byAge.AddLast((name, change(new T())));
    }
}
