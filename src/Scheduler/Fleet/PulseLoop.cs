using LoadBalancer.Scheduler.Outbox;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>Sends the scheduler's own heartbeats. One that cannot be sent is an outage that <see cref="HeartbeatPulse"/> notices by itself.</summary>
internal sealed partial class PulseLoop(HeartbeatPulse pulse, MessageSender sender, TimeProvider time, ILogger<PulseLoop> logger)
{
    // Those that wait longer tell nothing that a later one does not.
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(30);

    public async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(HeartbeatPulse.Interval, time);
        do
        {
            try
            {
                await sender.PulseAsync(pulse.Next(time.GetUtcNow()), TimeToLive, stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotSent(exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "No lease ends, since the broker takes no heartbeat of the scheduler's own: {Problem}")]
    private partial void LogNotSent(string problem);
}
