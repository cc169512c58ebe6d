namespace LoadBalancer.Placement;

/// <summary>
/// The shapes of what waits, and some of those that waited last: what is submitted next is most often like them, and to find out anew who
/// could run it takes a look at every worker.
/// </summary>
internal sealed class Shapes(Fleet fleet)
{
    private const int MostSpare = 256;

    private readonly Dictionary<Requirements, Shape> all = new(SameRequirements.Comparer);
    private readonly Queue<Shape> spare = [];
    private readonly HashSet<Shape> impossible = [];

    /// <summary>Whether something waits that no registered worker could ever run.</summary>
    public bool AnyImpossible => impossible.Count > 0;

    /// <summary>The one of equal requirements, else a new one.</summary>
    public Shape Of(Requirements requirements) =>
        all.GetValueOrDefault(requirements) ?? Shape.Of(new Needs(requirements), fleet);

    /// <summary>A run of these requirements waits.</summary>
    public Shape Enter(Requirements requirements)
    {
        var shape = Of(requirements);
        if (shape.Runs == 0)
            all.TryAdd(shape.Needs.Requirements, shape);

        shape.Runs++;
        Judge(shape);
        return shape;
    }

    /// <summary>A run of this shape no longer waits.</summary>
    public void Leave(Shape shape)
    {
        shape.Runs--;
        if (shape.Runs > 0)
            return;

        impossible.Remove(shape);
        if (shape.IsSpare)
            return;

        shape.IsSpare = true;
        spare.Enqueue(shape);
        if (spare.Count > MostSpare)
            Drop(spare.Dequeue());
    }

    public void WorkerChanged(RegisteredWorker worker)
    {
        foreach (var shape in all.Values)
        {
            shape.Examine(worker);
            Judge(shape);
        }
    }

    public void WorkerLeft(RegisteredWorker worker)
    {
        foreach (var shape in all.Values)
        {
            shape.Overlook(worker);
            Judge(shape);
        }
    }

    private void Drop(Shape shape)
    {
        shape.IsSpare = false;
        if (shape.Runs == 0)
            all.Remove(shape.Needs.Requirements);
    }

    private void Judge(Shape shape)
    {
        if (shape.Runs > 0 && shape.Capable.IsEmpty)
            impossible.Add(shape);
        else
            impossible.Remove(shape);
    }
}
