using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Tests.History;

public sealed class LessonsAfterRestartTests
{
    [Fact]
    public async Task What_is_learned_from_stored_rows_equals_what_was_learned_live()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.SubmitAsync(test => test with
        {
            ExpectedDurationSeconds = 30,
            ModelId = "bert",
            ModelFamily = "transformer",
            Workspace = new TestWorkspace { Revision = "r1" },
        });
        await saga.PlaceAsync();
        await saga.StartRunAsync();
        await saga.RaiseAsync(new AttemptFinished(saga.RunId, saga.Owner(), new TestFinished
        {
            RunId = saga.RunId,
            Attempt = 1,
            Outcome = TestOutcome.Passed,
            DurationSeconds = 20,
            PrepareSeconds = 7,
        }));

        var live = Outcomes.ToLesson(Assert.Single(saga.Commits.SelectMany(commit => commit.Outcomes)));
        var stored = Outcomes.ToLesson(Assert.Single(await saga.ReadAsync(database => Outcomes.LatestAsync(database, 10, TestContext.Current.CancellationToken))));

        Assert.Equal(live, stored);
        Assert.Equal(
            new RunOutcome
            {
                TestId = "a-test",
                ModelId = "bert",
                ModelFamily = "transformer",
                WorkerClass = "class-a",
                WorkerId = SagaFixture.Worker,
                WorkspaceRevision = "r1",
                PrepareTime = TimeSpan.FromSeconds(7),
                ExpectedDuration = TimeSpan.FromSeconds(30),
                Duration = TimeSpan.FromSeconds(20),
                Verdict = RunVerdict.Passed,
            },
            stored);
        Assert.Equal(Forecast(live!), Forecast(stored!));
    }

    [Fact]
    public void A_row_without_an_expectation_or_a_workspace_teaches_as_one_whose_submitter_said_nothing()
    {
        var lesson = Outcomes.ToLesson(new OutcomeRow { TestId = "t", Accepted = true, Outcome = TestOutcome.Passed, DurationSeconds = 5 })!;

        Assert.Null(lesson.ExpectedDuration);
        Assert.Empty(lesson.WorkspaceRevision);
    }

    /// <summary>For a test that was not seen: depends on what expectations have been worth.</summary>
    private static DurationForecast Forecast(RunOutcome lesson)
    {
        var durations = new DurationModel();
        durations.Learn(lesson);
        var demand = new TestDemand
        {
            RunId = Guid.Empty,
            Attempt = 1,
            TestId = "another",
            SubmittedAt = DateTimeOffset.UnixEpoch,
            ExpectedDuration = TimeSpan.FromSeconds(30),
        };
        return durations.Predict(demand, "class-a");
    }
}
