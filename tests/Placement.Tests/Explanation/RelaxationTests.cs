namespace LoadBalancer.Placement.Tests;

public sealed class RelaxationTests
{
    private readonly Planner planner = Given.Planner();

    public static TheoryData<string, Requirements> Least => new()
    {
        { "ask for 16 GB of memory instead of 20 GB", new Requirements { MemoryGb = 20 } },
        { "ask for 8 cores instead of 12 cores", new Requirements { CpuCores = 12 } },
        { "ask for 100 GB of disk instead of 500 GB", new Requirements { DiskGb = 500 } },
        { "do not require backend 'rocm'", new Requirements { RequiredBackend = "rocm" } },
        { "do not require browser 'edge'", new Requirements { Browsers = ["edge"] } },
        { "do not require python >=3.12", new Requirements { Software = new Dictionary<string, string> { ["python"] = ">=3.12" } } },
        { "do not require label zone=b", new Requirements { Labels = new Dictionary<string, string> { ["zone"] = "b" } } },
        { "ask for 2 of 'cuda' devices instead of 3", Given.Accelerators(3) },
        { "ask for 16 GB of device memory instead of 40 GB", Given.Accelerators(1, 40) },
        { "do not require model H100", Given.Accelerators(1, 0, "H100") },
        {
            "do not require backend 'rocm', and ask for 16 GB of memory instead of 20 GB",
            new Requirements { MemoryGb = 20, RequiredBackend = "rocm" }
        },
    };

    [Theory]
    [MemberData(nameof(Least))]
    public void The_least_change_is_named(string text, Requirements requirements)
    {
        planner.Register(Given.Worker("w1", devices: [Given.Cuda("0"), Given.Cuda("1")]) with
        {
            Software = new Dictionary<string, string> { ["python"] = "3.11.2" },
            Labels = new Dictionary<string, string> { ["zone"] = "a" },
        });
        var demand = planner.Submitted(Given.Demand(requirements));
        planner.PlaceAll();

        Assert.Equal(text, RelaxationOf(demand)?.Text);
    }

    [Fact]
    public void No_change_is_named_with_which_it_would_rather_wait_for_another_worker()
    {
        var durations = new DurationModel();
        for (var run = 0; run < 20; run++)
        {
            durations.Learn(Given.Passed(80, workerClass: "known"));
            // What tests gain from the new class is very unlike.
            durations.Learn(Given.Passed(80, $"other{run}", workerClass: "known"));
            durations.Learn(Given.Passed(run % 2 == 0 ? 2 : 100, $"other{run}", workerClass: "new"));
        }

        var uncertain = Given.Planner(durations: durations);
        uncertain.Register(Given.Worker("busy", workerClass: "known"), Given.Worker("small", slots: 2, cores: 1.5, workerClass: "new"));
        uncertain.Restore(Given.Reservation("busy"), Given.Noon, new DurationForecast(0, 0.1, 10));
        uncertain.Restore(Given.Reservation("small"));
        var demand = uncertain.Submitted(Given.Demand());
        uncertain.PlaceAll();

        var (sure, unsure) = (durations.Predict(demand, "known"), durations.Predict(demand, "new"));
        Assert.True(sure.P90 < unsure.P90 && unsure.P50 < sure.P50, $"{sure.P50} {unsure.P50}, {sure.P90} {unsure.P90}");
        Assert.Equal("add one more worker like busy", uncertain.Explain(demand, Given.Noon).Relaxation?.Text);
    }

    [Fact]
    public void A_taken_key_is_raised_by_one()
    {
        planner.Register(Given.Worker("w1", slots: 2));
        planner.Submit(Given.Demand(keys: "license"));
        planner.PlaceAll();
        var demand = planner.Submitted(Given.Demand(keys: "license"));

        Assert.Equal("raise the limit of key 'license' to 2", RelaxationOf(demand)?.Text);
    }

    [Fact]
    public void A_key_for_which_others_wait_is_not_raised()
    {
        planner.Register(Given.Worker("w1", slots: 2));
        planner.Submit(Given.Demand(keys: "license"));
        planner.PlaceAll();
        planner.Submit(Given.Demand(keys: "license"));

        Assert.Null(RelaxationOf(planner.Submitted(Given.Demand(keys: "license"))));
    }

    [Fact]
    public void Where_all_is_busy_one_more_worker_is_named()
    {
        planner.Register(Given.Worker("w1"));
        planner.Submit(Given.Demand());
        planner.PlaceAll();
        var demand = planner.Submitted(Given.Demand());
        planner.PlaceAll();

        Assert.Equal("add one more worker like w1", RelaxationOf(demand)?.Text);
    }

    [Fact]
    public void Where_only_drained_workers_could_run_it_one_is_to_be_resumed()
    {
        planner.Register(Given.Worker("w1") with { Accepting = false });
        var demand = planner.Submitted(Given.Demand());
        planner.PlaceAll();

        var relaxation = RelaxationOf(demand);

        Assert.Equal("resume w1", relaxation?.Text);
        planner.Register(relaxation!.Joining!);
        Assert.Equal(["w1"], planner.PlaceAll());
    }

    [Fact]
    public void A_delay_and_a_worker_to_avoid_are_named()
    {
        planner.Register(Given.Worker("w1"), Given.Worker("w2"));
        planner.Submit(Given.Demand());
        planner.PlaceAll();
        var free = planner.ReservationsOn("w1").Count == 0 ? "w1" : "w2";
        var delayed = planner.Submitted(Given.Demand() with { NotBefore = Given.Noon.AddMinutes(1) });
        Assert.Equal("do not wait for its delay to end", RelaxationOf(delayed)?.Text);

        planner.Withdraw(delayed.RunId);
        var avoiding = planner.Submitted(Given.Demand() with { AvoidWorkers = [free] });
        Assert.Equal($"let it run on {free} again, where it failed before", RelaxationOf(avoiding)?.Text);
    }

    [Fact]
    public void What_needs_more_than_two_changes_has_none_and_what_is_next_in_line_needs_none()
    {
        planner.Register(Given.Worker("w1"));
        var far = planner.Submitted(Given.Demand(new Requirements { MemoryGb = 64, CpuCores = 64, RequiredBackend = "rocm" }));
        Assert.Null(RelaxationOf(far));

        Assert.Null(RelaxationOf(planner.Submitted(Given.Demand())));
    }

    public static TheoryData<string, Requirements> Misspelt => new()
    {
        { "label 'zome' is on no worker; did you mean 'zone'?", new Requirements { Labels = new Dictionary<string, string> { ["zome"] = "north" } } },
        { "label zone='nort' is on no worker; did you mean 'north'?", new Requirements { Labels = new Dictionary<string, string> { ["zone"] = "nort" } } },
        { "backend 'cdua' is on no worker; did you mean 'cuda'?", new Requirements { RequiredBackend = "cdua" } },
        { "browser 'crome' is on no worker; did you mean 'chrome'?", new Requirements { Browsers = ["crome"] } },
        {
            "software 'pyhton' is on no worker; did you mean 'python'?",
            new Requirements { Software = new Dictionary<string, string> { ["pyhton"] = ">=3" } }
        },
        { "accelerator 'cudda' is on no worker; did you mean 'cuda'?", new Requirements { Accelerators = new Dictionary<string, double> { ["cudda"] = 1 } } },
        { "accelerator model 'V10' is on no worker; did you mean 'V100'?", Given.Accelerators(1, 0, "V10") },
    };

    [Theory]
    [MemberData(nameof(Misspelt))]
    public void A_misspelt_name_is_recognised(string hint, Requirements requirements)
    {
        planner.Register(Given.Worker("w1", devices: Given.Cuda("0")) with
        {
            Browsers = ["chrome"],
            Software = new Dictionary<string, string> { ["python"] = "3.11.2" },
            Labels = new Dictionary<string, string> { ["zone"] = "north" },
        });

        Assert.Equal([hint], planner.Explain(Given.Demand(requirements), Given.Noon).Hints);
    }

    [Fact]
    public void A_name_that_is_known_or_like_none_gives_no_hint()
    {
        planner.Register(Given.Worker("w1", devices: Given.Cuda("0")));

        Assert.Empty(planner.Explain(Given.Demand(new Requirements { RequiredBackend = "CUDA" }), Given.Noon).Hints);
        Assert.Empty(planner.Explain(Given.Demand(new Requirements { Browsers = ["firefox"] }), Given.Noon).Hints);
    }

    private Relaxation? RelaxationOf(TestDemand demand) => planner.Explain(demand, Given.Noon).Relaxation;
}
