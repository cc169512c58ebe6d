namespace LoadBalancer.Chaos.Load;

/// <summary>One of the ways by which tests are submitted.</summary>
internal interface IDoor : IAsyncDisposable
{
    /// <summary>False when it is not known to be taken, so that it must be sent again.</summary>
    Task<bool> TrySendAsync(string body, CancellationToken cancellationToken);
}
