namespace LoadBalancer.Placement.Tests;

public sealed class LinesTests
{
    private readonly Fleet fleet = new();
    private readonly Lines lines;
    private long submitted;

    public LinesTests() => lines = new Lines(new KeyWaiters(fleet, new KeyLedger(), TimeSpan.FromMinutes(40)));

    [Fact]
    public void A_line_that_is_left_while_its_key_is_taken_is_forgotten()
    {
        for (var i = 0; i < 100; i++)
            lines.Remove(Sleeping($"retry {i}"));

        Assert.Equal(0, lines.Asleep);
    }

    [Fact]
    public void Who_waits_for_a_key_is_awake_when_it_is_given_back()
    {
        var left = Sleeping("left");
        var waits = Sleeping("waits");
        lines.Remove(left);

        lines.Wake("key");

        Assert.Same(waits.Line, Assert.Single(lines.Awake));
        Assert.Equal(0, lines.Asleep);
    }

    private WaitingRun Sleeping(string avoids)
    {
        var demand = Given.Demand(keys: "key") with { AvoidWorkers = [avoids] };
        var run = new WaitingRun(demand, Shape.Of(new Needs(demand.Requirements), fleet), demand.SubmittedAt, ++submitted);
        lines.Add(run);
        lines.Sleep(run.Line!, "key");
        return run;
    }
}
