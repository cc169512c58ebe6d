using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;
using MassTransit.SagaStateMachine;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Tests.TestRuns;

public sealed class TransitionTableTests
{
    private static readonly TestRunStateMachine Machine = new(Options.Create(new SchedulerOptions()), TimeProvider.System);

    public static TheoryData<string> States => [.. AllStates().Select(state => state.Name)];

    [Theory]
    [MemberData(nameof(States))]
    public void Every_state_answers_every_event(string state)
    {
        var answered = Machine.NextEvents(Machine.GetState(state)).Select(answer => answer.Name).ToHashSet();

        Assert.Empty(MessageEvents().Except(answered));
    }

    [Fact]
    public void The_states_are_those_of_the_contract()
    {
        string[] contract =
        [
            RunStates.Submitted, RunStates.Assigned, RunStates.Running, RunStates.Requeued, RunStates.Completed, RunStates.Failed, RunStates.Cancelled,
        ];

        Assert.Equal(contract.Order(), AllStates().Select(state => state.Name).Order());
    }

    [Fact]
    public void The_drawn_machine_is_the_one_that_runs()
    {
        var drawn = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "test-run-states.mmd"));

        // To be copied over docs/test-run-states.mmd when the table was changed on purpose.
        File.WriteAllText(Path.Combine(AppContext.BaseDirectory, "test-run-states.actual.mmd"), Drawing());
        Assert.Equal(Drawing(), drawn);
    }

    /// <summary>What <c>docs/test-run-states.mmd</c> must hold: states are boxes, events are rounded.</summary>
    private static string Drawing()
    {
        var edges = Machine.GetGraph().Edges
            .Where(edge => edge.From.Title != "Final" && edge.To.Title != "Final")
            .Select(edge => $"    {Node(edge.From)} --> {Node(edge.To)}")
            .Distinct()
            .Order(StringComparer.Ordinal);
        return $"flowchart LR\n{string.Join('\n', edges)}\n";
    }

    private static string Node(Vertex vertex) =>
        typeof(Event).IsAssignableFrom(vertex.VertexType) ? $"{vertex.Title}([{vertex.Title}])" : vertex.Title;

    private static IEnumerable<State> AllStates() => Machine.States.Where(state => state.Name is not ("Initial" or "Final"));

    private static IEnumerable<string> MessageEvents() =>
        typeof(TestRunStateMachine).GetProperties()
            .Where(property => property.PropertyType.IsGenericType && property.PropertyType.GetGenericTypeDefinition() == typeof(Event<>))
            .Select(property => property.Name);
}
