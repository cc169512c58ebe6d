namespace LoadBalancer.Placement;

/// <summary>Values by name, at most so many: a new name takes the place of the one that was changed longest ago.</summary>
internal sealed class BoundedMemory<TName, T>(int capacity)
    where TName : notnull
    where T : new()
{
    private readonly Dictionary<TName, LinkedListNode<(TName Name, T Value)>> byName = [];
    private readonly LinkedList<(TName Name, T Value)> byAge = new();

    public int Count => byName.Count;

    /// <summary>What is known, without making it younger; the default value if nothing is.</summary>
    public T? this[TName name] => byName.TryGetValue(name, out var node) ? node.ValueRef.Value : default;

    public IEnumerable<(TName Name, T Value)> All => byAge;

    public void Remove(TName name)
    {
        if (byName.Remove(name, out var node))
            byAge.Remove(node);
    }

    public void Change(TName name, Func<T, T> change)
    {
        if (byName.TryGetValue(name, out var node))
        {
            node.Value = (name, change(node.ValueRef.Value));
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
