using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Persistence.Grouped;

/// <summary>What one event made of a run: an entry of a commit.</summary>
/// <param name="run">A copy that nobody else has yet, with its effects.</param>
/// <param name="isNew">No such run is stored.</param>
/// <param name="isChanged">False when the event leaves no more than evidence behind, or nothing.</param>
internal sealed class RunWrite(TestRun run, bool isNew, bool isChanged)
{
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TestRun Run { get; } = run;

    public bool IsNew { get; } = isNew;

    public bool IsChanged { get; } = isChanged;

    /// <summary>About how many characters are stored. Only what can be long is counted.</summary>
    public long Length { get; } =
        (isNew ? LengthOf(run.Submission) : 0) +
        run.Effects.Messages.Sum(message => (long)message.Body.Length) +
        run.Effects.Outcomes.Sum(outcome => (long)outcome.OutputHead.Length + outcome.OutputTail.Length);

    /// <summary>Completes when it is durable; fails with what kept it from being stored.</summary>
    public Task Done => done.Task;

    public void Complete() => done.TrySetResult();

    public void Fail(Exception exception) => done.TrySetException(exception);

    private static long LengthOf(SubmitTest? test) => test is null
        ? 0
        : LengthOf(test.Command) + LengthOf(test.Workspace?.Prepare) + test.Parameters.Sum(parameter => (long)parameter.Value.Length);

    private static long LengthOf(TestCommand? command) => command is null
        ? 0
        : command.Arguments.Sum(argument => (long)argument.Length) + command.Environment.Sum(variable => (long)variable.Value.Length);
}
