namespace LoadBalancer.Placement;

/// <summary>What one run saves on a worker that is prepared for it.</summary>
/// <param name="workers">Who is prepared for what.</param>
/// <param name="demand">The run.</param>
/// <param name="workspaceSeconds">What preparing its workspace takes where that is new.</param>
/// <param name="modelPart">The part of its time that it saves where its model was used before, from 0 to below 1.</param>
internal readonly struct Warmth(WarmWorkers workers, TestDemand demand, double workspaceSeconds, double modelPart)
{
    /// <summary>Whether it saves anything anywhere.</summary>
    public bool IsAny => workspaceSeconds > 0 || modelPart > 0;

    public TimeSpan SavedOn(string workerId, DurationForecast predicted)
    {
        if (!IsAny || workers.On(workerId) is not { } warm)
            return TimeSpan.Zero;

        var saved = 0.0;
        if (workspaceSeconds > 0 && warm.Revisions.Contains(demand.WorkspaceRevision))
            saved += workspaceSeconds;
        if (modelPart > 0 && warm.Models.Contains(demand.ModelId))
            saved += predicted.P50.TotalSeconds * modelPart;
        return saved > 0 ? TimeSpan.FromSeconds(saved) : TimeSpan.Zero;
    }

    /// <summary>A few workers on which it may save something, those that were used last.</summary>
    public IEnumerable<string> MostRecent()
    {
        var ofRevision = workspaceSeconds > 0 ? workers.UsersOfRevision(demand.WorkspaceRevision) : [];
        return modelPart > 0 ? ofRevision.Concat(workers.UsersOfModel(demand.ModelId)) : ofRevision;
    }
}

/// <summary>The workers that used something last, the latest at the end.</summary>
internal sealed class RecentWorkers
{
    private const int Most = 8;

    private readonly List<string> ids = [];

    public IReadOnlyList<string> Ids => ids;

    public RecentWorkers After(string workerId)
    {
        if (!ids.Remove(workerId) && ids.Count == Most)
            ids.RemoveAt(0);
        ids.Add(workerId);
        return this;
    }
}

/// <summary>What a worker has used lately.</summary>
internal sealed class WarmNames
{
    /// <summary>Of each remembered: what was used before these may have been cleared away meanwhile.</summary>
    private const int Most = 16;

    private readonly List<string> revisions = [];
    private readonly List<string> models = [];

    public IReadOnlyCollection<string> Revisions => revisions;

    public IReadOnlyCollection<string> Models => models;

    public WarmNames After(string revision, string model)
    {
        Use(revisions, revision);
        Use(models, model);
        return this;
    }

    private static void Use(List<string> names, string name)
    {
        if (name.Length == 0)
            return;

        if (!names.Remove(name) && names.Count == Most)
            names.RemoveAt(0);
        names.Add(name);
    }
}

/// <summary>How runs of a model went against their forecasts, in logarithms: first runs on a worker, and later ones.</summary>
internal readonly record struct FirstAndLater(LogMean First, LogMean Later)
{
    /// <summary>How far single runs scatter around their forecasts, and how far models differ in what a first run costs: usual variances.</summary>
    private const double VarianceOfRun = 0.09, VarianceOfModels = 0.04;

    /// <summary>Smaller parts are chance more often than not.</summary>
    private const double LeastPart = 0.05;

    /// <summary>
    /// The part of a first run that a later one saves: the difference of the means, shrunk towards 0 by how much of it may be chance (normal
    /// means with known variances; Gelman et al., Bayesian Data Analysis, 2.5).
    /// </summary>
    public double PartSaved
    {
        get
        {
            if (First.Weight <= 0 || Later.Weight <= 0)
                return 0;

            var chance = VarianceOfRun * ((1 / First.Weight) + (1 / Later.Weight));
            var longer = (First.Mean - Later.Mean) * VarianceOfModels / (VarianceOfModels + chance);
            var part = 1 - Math.Exp(-longer);
            return part >= LeastPart ? part : 0;
        }
    }

    public FirstAndLater After(bool isFirst, double residual) =>
        isFirst ? this with { First = First.After(residual) } : this with { Later = Later.After(residual) };
}
