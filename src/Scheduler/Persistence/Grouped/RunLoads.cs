using System.Threading.Channels;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Persistence.Grouped;

/// <summary>Reads runs: whatever is asked for while one query is under way is read by the next one.</summary>
internal sealed class RunLoads : IAsyncDisposable
{
    private const int MostRuns = 512;

    private readonly Channel<Request> asked = Channel.CreateUnbounded<Request>(new UnboundedChannelOptions { SingleReader = true });
    private readonly IServiceScopeFactory scopes;
    private readonly Task reading;

    public RunLoads(IServiceScopeFactory scopes)
    {
        this.scopes = scopes;
        reading = Task.Run(ReadAsync);
    }

    /// <summary>Null when it is not stored.</summary>
    public Task<TestRun?> LoadAsync(Guid runId)
    {
        var request = new Request(runId);
        asked.Writer.TryWrite(request);
        return request.Answer.Task;
    }

    public async ValueTask DisposeAsync()
    {
        asked.Writer.TryComplete();
        await reading;
    }

    private async Task ReadAsync()
    {
        while (await asked.Reader.WaitToReadAsync())
        {
            var requests = new List<Request>();
            while (requests.Count < MostRuns && asked.Reader.TryRead(out var request))
                requests.Add(request);
            await AnswerAsync(requests);
        }
    }

    private async Task AnswerAsync(List<Request> requests)
    {
        try
        {
            var ids = requests.Select(request => request.RunId).Distinct().ToList();
            await using var scope = scopes.CreateAsyncScope();
            var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
            var unreadable = new Dictionary<Guid, UnreadableRunException>();
            var runs = (await ReadableRuns.ReadAsync(database, ids, unreadable.Add, CancellationToken.None)).ToDictionary(run => run.CorrelationId);
            foreach (var request in requests)
            {
                if (unreadable.TryGetValue(request.RunId, out var problem))
                    request.Answer.TrySetException(problem);
                else
                    request.Answer.TrySetResult(runs.GetValueOrDefault(request.RunId));
            }
        }
        catch (Exception exception)
        {
            foreach (var request in requests)
                request.Answer.TrySetException(exception);
        }
    }

    private sealed record Request(Guid RunId)
    {
        public TaskCompletionSource<TestRun?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
