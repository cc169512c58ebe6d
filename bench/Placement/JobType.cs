using System.Globalization;

namespace LoadBalancer.PlacementBench;

/// <summary>A measured deep-learning job on one device.</summary>
/// <param name="Name">With its batch size.</param>
/// <param name="Seconds">By class of device; relative to the V100 until its steps are set.</param>
internal sealed record JobType(string Name, IReadOnlyDictionary<string, double> Seconds)
{
    /// <summary>The rows of the data with one device; all of them have run on every class.</summary>
    public static IReadOnlyList<JobType> All { get; } = Read();

    /// <summary>With as many steps as take so long on a V100.</summary>
    public JobType WithSteps(double secondsOnV100) =>
        this with { Seconds = Seconds.ToDictionary(time => time.Key, time => time.Value * secondsOnV100) };

    private static List<JobType> Read()
    {
        using var data = new StreamReader(typeof(JobType).Assembly.GetManifestResourceStream("gavel.csv")!);
        var rows = data.ReadToEnd().Split('\n').Skip(1).Select(line => line.Split(','));
        return [.. rows.Where(fields => fields.Length > 4 && fields[1] == "1").Select(Of)];
    }

    private static JobType Of(string[] fields)
    {
        var (k80, p100, v100) = (Throughput(fields[2]), Throughput(fields[3]), Throughput(fields[4]));
        return new JobType(fields[0], new Dictionary<string, double> { ["k80"] = v100 / k80, ["p100"] = v100 / p100, ["v100"] = 1 });
    }

    private static double Throughput(string field) => double.Parse(field, CultureInfo.InvariantCulture);
}
