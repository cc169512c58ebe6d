namespace LoadBalancer.Placement;

/// <summary>
/// Which workers have prepared a workspace or used a model lately, and what that saves. A workspace saves the time that preparing took where
/// it was new: typical for the revision, shrunk towards what is typical for any. A model saves the part of a run by which first runs on a worker
/// take longer than later ones, each against its forecast, shrunk towards nothing.
/// </summary>
/// <param name="names">Models and revisions remembered, each; the one not seen for longest gives way.</param>
internal sealed class WarmWorkers(int names)
{
    /// <summary>More workers than a fleet has; the one not seen for longest gives way.</summary>
    private const int Workers = 10_000;

    /// <summary>Preparations that what is typical for any revision is worth against those of one.</summary>
    private const double WorthOfAny = 2;

    /// <summary>Less is as good as nothing, and its logarithm has no bottom.</summary>
    private const double ShortestSeconds = 0.01;

    private readonly BoundedMemory<string, RecentWorkers> revisionUsers = new(names);
    private readonly BoundedMemory<string, RecentWorkers> modelUsers = new(names);
    private readonly BoundedMemory<string, LogMean> preparing = new(names);
    private readonly BoundedMemory<string, FirstAndLater> models = new(names);
    private readonly BoundedMemory<string, WarmNames> used = new(Workers);
    private LogMean anyPreparing;

    /// <param name="outcome">What happened.</param>
    /// <param name="residual">The logarithm of how many times as long it took as forecast; null if there was no forecast from its own test there.</param>
    public void Learn(RunOutcome outcome, double? residual)
    {
        // A run that took no time to prepare did not get so far, and one that did not pass may have ended before it used its model.
        var revision = outcome.PrepareTime > TimeSpan.Zero ? outcome.WorkspaceRevision : "";
        var model = outcome.Verdict == RunVerdict.Passed ? outcome.ModelId : "";
        if (outcome.WorkerId.Length == 0 || revision.Length + model.Length == 0 || outcome.Verdict == RunVerdict.Lost)
            return;

        var before = used[outcome.WorkerId];
        if (revision.Length > 0 && before?.Revisions.Contains(revision) != true)
            LearnPreparing(revision, outcome.PrepareTime);
        if (model.Length > 0 && residual is { } factor)
        {
            var isFirst = before?.Models.Contains(model) != true;
            models.Change(model, known => known.After(isFirst, factor));
        }

        used.Change(outcome.WorkerId, known => known.After(revision, model));
        Note(revisionUsers, revision, outcome.WorkerId);
        Note(modelUsers, model, outcome.WorkerId);
    }

    private static void Note(BoundedMemory<string, RecentWorkers> users, string name, string workerId)
    {
        if (name.Length > 0)
            users.Change(name, known => known.After(workerId));
    }

    /// <summary>What this run can save anywhere; worth nothing for most, so that no worker needs to be looked at.</summary>
    public Warmth For(TestDemand demand) => new(
        this,
        demand,
        demand.WorkspaceRevision.Length > 0 && anyPreparing.Weight > 0 ? SecondsOfPreparing(demand.WorkspaceRevision) : 0,
        demand.ModelId.Length > 0 ? models[demand.ModelId].PartSaved : 0);

    public WarmNames? On(string workerId) => used[workerId];

    /// <summary>Who used the revision last; some may have forgotten it since.</summary>
    public IReadOnlyList<string> UsersOfRevision(string revision) => revisionUsers[revision]?.Ids ?? [];

    /// <inheritdoc cref="UsersOfRevision"/>
    public IReadOnlyList<string> UsersOfModel(string model) => modelUsers[model]?.Ids ?? [];

    private void LearnPreparing(string revision, TimeSpan time)
    {
        var logarithm = Math.Log(Math.Max(time.TotalSeconds, ShortestSeconds));
        anyPreparing = anyPreparing.After(logarithm);
        preparing.Change(revision, mean => mean.After(logarithm));
    }

    private double SecondsOfPreparing(string revision)
    {
        var seconds = Math.Exp(preparing[revision].ShrunkTo(anyPreparing.Mean, WorthOfAny));
        return seconds > 2 * ShortestSeconds ? seconds : 0;
    }
}
