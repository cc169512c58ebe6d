using System.Text;
using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Processes;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace LoadBalancer.DispatchLatency;

/// <summary>The three things that are measured, on one broker, with one scheduler, one after the other.</summary>
internal sealed class Measurements(Uri broker, SchedulerProcess scheduler, TimeProvider time)
{
    private const int WarmUp = 30;

    /// <summary>From publishing one persistent message to its arrival at a consumer of the same process; the publisher awaits the confirm.</summary>
    public async Task<Percentiles> BaselineAsync(int count)
    {
        await using var client = await RawClient.ConnectAsync(broker, "baseline");
        await using var channel = await client.NewChannelAsync();
        var queue = (await channel.QueueDeclareAsync("bench-baseline", durable: true, exclusive: false, autoDelete: true)).QueueName;
        var arrived = new TaskCompletionSource<long>();
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            arrived.SetResult(time.GetTimestamp());
            await channel.BasicAckAsync(delivery.DeliveryTag, multiple: false);
        };
        await channel.BasicConsumeAsync(queue, autoAck: false, consumer);

        var body = Encoding.UTF8.GetBytes(Submission.Shell("true").ToJsonString());
        return await SampleAsync(count, async () =>
        {
            arrived = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            var sent = time.GetTimestamp();
            await client.PublishAsync("", queue, body, mandatory: true);
            return time.GetElapsedTime(sent, await arrived.Task);
        });
    }

    /// <summary>From publishing a result to the arrival of the next run at the same worker, with more runs waiting.</summary>
    public async Task<Percentiles> FreedCapacityAsync(ScriptedWorker worker, int count)
    {
        await SubmitAsync(count + WarmUp + 1);
        var run = await worker.NextRunAsync();
        await worker.ReportStartedAsync(run);
        return await SampleAsync(count, async () =>
        {
            var finished = time.GetTimestamp();
            await worker.ReportFinishedAsync(run);
            run = await worker.NextRunAsync();
            await worker.ReportStartedAsync(run);
            return time.GetElapsedTime(finished, run.ReceivedAt);
        });
    }

    /// <summary>From the arrival of its acceptance at a new worker to the arrival of its first run, with more runs waiting.</summary>
    public async Task<Percentiles> NewWorkerAsync(int count)
    {
        await SubmitAsync(count + WarmUp);
        var number = 0;
        return await SampleAsync(count, async () =>
        {
            await using var worker = await ScriptedWorker.ConnectAsync(broker, $"new-{++number}", time: time);
            await worker.RegisterAsync();
            var run = await worker.NextRunAsync();
            await worker.ReportStartedAsync(run);
            await worker.ReportFinishedAsync(run);
            await scheduler.WaitForEndAsync(run.RunId);
            await worker.ReportAsync(new JsonObject { ["type"] = "workerLeft", ["reason"] = "measured" });
            await scheduler.WaitForWorkerAsync(worker.Id, "left");
            return time.GetElapsedTime(worker.AcceptedAt, run.ReceivedAt);
        });
    }

    private async Task SubmitAsync(int count)
    {
        var tests = Enumerable.Range(0, count).Select(i => Submission.Shell("true", testId: $"bench-{i % 10}")).ToArray();
        foreach (var batch in tests.Chunk(100))
        {
            await scheduler.SubmitAsync(batch);
        }
    }

    private static async Task<Percentiles> SampleAsync(int count, Func<Task<TimeSpan>> sample)
    {
        for (var i = 0; i < WarmUp; i++)
        {
            await sample();
        }

        var samples = new List<TimeSpan>(count);
        while (samples.Count < count)
        {
            samples.Add(await sample());
        }

        return Percentiles.Of(samples);
    }
}
