namespace LoadBalancer.Placement.Tests;

public sealed class ReservationLedgerTests
{
    private readonly ReservationLedger ledger = new();

    [Fact]
    public void What_is_reserved_is_summed_per_worker()
    {
        Add(Given.Reservation("w1", memoryGb: 2));
        Add(Given.Reservation("w1", memoryGb: 3));
        Add(Given.Reservation("w2", memoryGb: 7));

        var used = ledger.UsedOn("w1");

        Assert.Equal(2, used.Slots);
        Assert.Equal(5, used.MemoryGb);
        Assert.Equal(2, used.CpuCores);
    }

    [Fact]
    public void A_release_frees_once_and_only_for_its_owner()
    {
        var held = Given.Reservation("w1", attempt: 2);
        Add(held);

        Assert.Null(ledger.Remove(held.RunId, attempt: 1));
        Assert.Null(ledger.Remove(Guid.NewGuid(), attempt: 2));
        Assert.Same(held, ledger.Remove(held.RunId, attempt: 2)!.Reservation);
        Assert.Null(ledger.Remove(held.RunId, attempt: 2));
        Assert.Empty(ledger.On("w1"));
    }

    [Fact]
    public void One_attempt_cannot_hold_two_reservations()
    {
        var held = Given.Reservation("w1");
        Add(held);

        Assert.Throws<InvalidOperationException>(() => Add(held with { WorkerId = "w2" }));
        Assert.Empty(ledger.On("w2"));
    }

    [Fact]
    public void Two_attempts_of_a_run_hold_and_release_apart()
    {
        var first = Given.Reservation("w1", keys: "license");
        ledger.Keys.Limit("license", 2);
        Add(first);
        Add(first with { Attempt = 2, WorkerId = "w2" });

        ledger.Remove(first.RunId, attempt: 1);

        Assert.Equal("w2", Assert.Single(ledger.Keys.HoldersOf("license")).WorkerId);
    }

    [Fact]
    public void Fractions_of_a_device_add_up_and_vanish_without_a_rest()
    {
        var thirds = Enumerable.Range(0, 3).Select(_ => Given.Reservation("w1") with
        {
            Devices = [new DeviceShare("cuda", "0", 1.0 / 3, 5)],
        }).ToList();
        thirds.ForEach(Add);
        Assert.Equal(1, ledger.UsedOn("w1").DeviceShares["0"], precision: 9);

        foreach (var third in thirds)
            ledger.Remove(third.RunId, third.Attempt);

        Assert.Equal(Usage.None, ledger.UsedOn("w1"));
    }

    [Fact]
    public void A_key_is_taken_at_its_limit_and_free_again_after_the_release()
    {
        ledger.Keys.Limit("license", 2);
        var held = Given.Reservation("w1", keys: "license");
        Add(held);
        Assert.Null(ledger.Keys.FirstTaken(["other", "license"]));

        Add(Given.Reservation("w2", keys: "license"));
        Assert.Equal("license", ledger.Keys.FirstTaken(["other", "license"]));

        ledger.Remove(held.RunId, held.Attempt);
        Assert.Null(ledger.Keys.FirstTaken(["license"]));
    }

    [Fact]
    public void A_key_has_limit_one_unless_it_is_said()
    {
        Assert.Equal(1, ledger.Keys.LimitOf("license"));
        ledger.Keys.Limit("license", 0);
        Assert.Equal("license", ledger.Keys.FirstTaken(["license"]));
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.Keys.Limit("license", -1));
    }

    private void Add(Reservation reservation) => ledger.Add(new Occupation(reservation, null, null, null));
}
