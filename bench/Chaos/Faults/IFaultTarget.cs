namespace LoadBalancer.Chaos.Faults;

/// <summary>Something that is killed and frozen.</summary>
internal interface IFaultTarget
{
    string Name { get; }

    /// <summary>The system stands still without it: how long it takes to go on afterwards is measured.</summary>
    bool IsServer { get; }

    /// <summary>Its exit code when it has ended although nobody killed it.</summary>
    int? EndedByItselfWith { get; }

    Task StartAsync();

    Task KillAsync();

    void Freeze();

    void Thaw();

    /// <summary>Returns when it answers a request.</summary>
    Task WaitUntilAnsweringAsync(CancellationToken cancellationToken);
}
