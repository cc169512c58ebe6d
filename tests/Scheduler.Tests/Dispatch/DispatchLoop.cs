using LoadBalancer.Scheduler.Dispatch;

namespace LoadBalancer.Scheduler.Tests.Dispatch;

/// <summary>The dispatcher's loop for the length of a test.</summary>
internal sealed class DispatchLoop : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly Task running;

    public DispatchLoop(Dispatcher dispatcher) => running = Task.Run(() => dispatcher.RunAsync(stopping.Token));

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        stopping.Dispose();
    }
}
