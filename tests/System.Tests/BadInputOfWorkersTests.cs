using System.Text;
using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Input;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>What a broken or hostile worker sends. It is kept or answered with the reason, and a scheduler starts again after it.</summary>
public sealed class BadInputOfWorkersTests(TestServers servers) : SystemTest(servers)
{
    [Fact]
    public async Task Every_bad_message_is_kept_with_the_reason_and_the_next_good_ones_count()
    {
        var scheduler = await StartSchedulerAsync();
        var failures = new Failures();
        var messages = BadReports.All.ToDictionary(_ => Guid.NewGuid().ToString());

        foreach (var (id, bad) in messages)
        {
            await Client.PublishAsync(bad.Exchange, Encoding.UTF8.GetBytes(bad.Body), properties => properties.MessageId = id);
        }

        foreach (var queue in messages.GroupBy(message => message.Value.Exchange))
        {
            var letters = await DeadLetters.TakeAsync(Client, queue.Key, queue.Count());
            foreach (var (id, bad) in queue)
            {
                failures.Add(bad.Name, letters.TryGetValue(id, out var reason)
                    ? Answer.Missing(reason, bad.Says) ?? (reason.Length == 0 ? "gives no reason" : null)
                    : $"is not in {queue.Key}_error");
            }
        }

        failures.AssertNone();
        var worker = await ConnectScriptedWorkerAsync("w1");
        await worker.RegisterAsync();
        var submission = Submission.Shell("true");
        await scheduler.SubmitAsync(submission);
        var run = await worker.NextRunAsync();
        await worker.ReportStartedAsync(run);
        await worker.ReportFinishedAsync(run);
        Assert.Equal("Completed", (await scheduler.WaitForEndAsync(run.RunId)).State);
    }

    [Fact]
    public async Task A_worker_that_describes_itself_badly_is_refused_with_the_field_and_the_value()
    {
        (string Field, string Json, string Says)[] table =
        [
            ("memoryGb", "-1", "memoryGb: -1"),
            ("memoryGb", "1e400", "memoryGb"),
            ("cpuCores", "-4", "cpuCores: -4"),
            ("networkMbps", "-1", "networkMbps: -1"),
            ("hostname", "\"a\\u0000b\"", "hostname"),
            ("os", $"\"{new string('x', 5_000)}\"", "os"),
            ("backends", "[null]", "backends"),
            ("browsers", "[null]", "browser"),
            ("accelerators", "[null]", "accelerator"),
            ("accelerators", "[{\"type\": \"cuda\", \"id\": \"0\", \"memoryGb\": -8}]", "memoryGb: -8"),
            ("software", "{\"python\": null}", "software"),
            ("labels", "{\"a\\u0000\": \"b\"}", "labels"),
        ];
        var scheduler = await StartSchedulerAsync();
        var failures = new Failures();

        for (var i = 0; i < table.Length; i++)
        {
            var (field, json, says) = table[i];
            var worker = await ConnectScriptedWorkerAsync($"bad-{i}");
            worker.Capabilities[field] = JsonNode.Parse(json);
            var refused = await Record.ExceptionAsync(() => worker.RegisterAsync());
            failures.Add($"{field} {json}", refused is InvalidOperationException { Message: var reason } ? Answer.Missing(reason, [says]) : $"was not refused: {refused}");
        }

        var idle = await Record.ExceptionAsync(async () => await (await ConnectScriptedWorkerAsync("idle", slots: 0)).RegisterAsync());
        failures.Add("no slots", Answer.Missing(idle?.Message ?? "", ["slots is 0"]));
        failures.AssertNone();
        Assert.Empty(await scheduler.WorkersAsync());
        await (await ConnectScriptedWorkerAsync("good")).RegisterAsync();
        await scheduler.WaitForWorkerAsync("good");
    }

    [Fact]
    public async Task A_result_counts_also_beside_one_that_cannot_be_read_which_is_kept_with_field_and_value()
    {
        var scheduler = await StartSchedulerAsync();
        var worker = await ConnectScriptedWorkerAsync("w1", slots: 2);
        await worker.RegisterAsync();
        await scheduler.SubmitAsync(Submission.Shell("true"), Submission.Shell("true"));
        var (unknown, passed) = (await worker.NextRunAsync(), await worker.NextRunAsync());

        await worker.ReportAsync(ScriptedWorker.FinishedReport(unknown, "quarantined"), ScriptedWorker.FinishedReport(passed));

        Assert.Equal("Completed", (await scheduler.WaitForEndAsync(passed.RunId)).State);
        var kept = await Client.TakeAsync("worker-events_error");
        Assert.Contains("outcome: \"quarantined\"", RawClient.Header(kept, "MT-Fault-Message"), StringComparison.Ordinal);
        Assert.Equal("Assigned", (await scheduler.GetRunAsync(unknown.RunId))!.State);
    }

    [Fact]
    public async Task A_result_counts_whatever_was_measured_beside_it_and_the_next_scheduler_can_read_it()
    {
        var scheduler = await StartSchedulerAsync();
        var worker = await ConnectScriptedWorkerAsync("w1");
        await worker.RegisterAsync();
        foreach (var seconds in new[] { "1e308", "1e400", "-5" })
        {
            await scheduler.SubmitAsync(Submission.Shell("true"));
            var run = await worker.NextRunAsync();
            await worker.ReportStartedAsync(run);
            var report = ScriptedWorker.FinishedReport(run);
            report["durationSeconds"] = JsonNode.Parse(seconds);
            report["peakMemoryGb"] = JsonNode.Parse(seconds);
            report["outputHead"] = "NUL \0 and escape \u001b[31m";
            await worker.ReportAsync(report);

            Assert.Equal("Completed", (await scheduler.WaitForEndAsync(run.RunId)).State);
        }

        await scheduler.KillAsync();
        var next = await StartSchedulerAsync();
        var good = await next.SubmitAsync(Submission.Shell("true"));
        Assert.Equal(good.RunId, (await worker.NextRunAsync()).RunId);
    }
}
