using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Watching;

/// <summary>Shows how a board changes: lines for pipes and CI, one block for a terminal.</summary>
internal interface IProgressView
{
    /// <summary>Holds the screen while <paramref name="follow"/> runs.</summary>
    Task While(Func<Task> follow);

    /// <summary>A run is in another state, at another attempt or on another worker.</summary>
    void Changed(RunSummary run, RunBoard board);

    /// <summary>Time has passed; comes several times a second.</summary>
    void Tick(RunBoard board);

    /// <summary>Something to tell that is about no single run.</summary>
    void Say(string message);
}
