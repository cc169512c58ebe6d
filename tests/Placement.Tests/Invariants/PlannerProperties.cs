using System.Text.Json;
using CsCheck;

namespace LoadBalancer.Placement.Tests;

/// <summary>Whatever happens in whatever order. A failure prints the seed and the shortest sequence of steps that was found.</summary>
public sealed class PlannerProperties
{
    private const int Sequences = 2_000;

    /// <summary>
    /// Requirements are met, reservations and keys stay within their limits device by device, all or nothing is reserved, nothing idles
    /// while a placeable run waits, only what is impossible is called so, a release is idempotent and by its owner, order is kept.
    /// </summary>
    [Fact]
    public void Plans_keep_every_promise() => StepGen.Steps.Sample(steps => { World.After(steps); }, iter: Sequences, print: AsText);

    [Fact]
    public void Nothing_is_oversubscribed_or_misplaced_whatever_is_learned_and_whoever_submits() =>
        StepGen.UnlikeSteps.Sample(steps => { World.After(steps, runsAreUnlike: true); }, iter: Sequences, print: AsText);

    [Fact]
    public void The_same_inputs_and_seed_give_the_same_plans() => Gen.Select(StepGen.UnlikeSteps, Gen.Int[0, 1000]).Sample(
        (steps, seed) => Assert.Equal(PlansAsText(steps, seed), PlansAsText(steps, seed)),
        iter: Sequences / 10);

    [Fact]
    public void Whatever_is_explained_agrees_with_the_plan() => StepGen.Steps.Sample(
        steps => World.After(steps).CheckExplanations(),
        iter: Sequences / 3,
        print: AsText);

    [Fact]
    public void Whatever_relaxation_is_named_starts_the_run() => Gen.Select(StepGen.Steps, Gen.Int[0, 20]).Sample(
        (steps, position) => World.After(steps).CheckRelaxation(position),
        iter: Sequences,
        print: sample => $"{sample.Item2}: {AsText(sample.Item1)}");

    private static string AsText(Step[] steps) => JsonSerializer.Serialize<object[]>(steps);

    private static string PlansAsText(Step[] steps, int seed) => JsonSerializer.Serialize(World.After(steps, seed, runsAreUnlike: true).Plans);
}
