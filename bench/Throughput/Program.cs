using System.Runtime.InteropServices;
using System.Text.Json;
using LoadBalancer.Throughput;

// How many tests a second pass through everything, beside what the broker could carry and what one transaction and one message per event
// would achieve. Broker and database are private and durable, and everything shares this machine.
var tests = args is ["--tests", var given, ..] ? int.Parse(given) : 20_000;
var runs = 3;
if (args.Contains("--product"))
{
    Console.WriteLine(await Measurement.ProductAsync(tests, withWaiting: args.Contains("--waiting")));
    return 0;
}

var stage = await Facts.OfServersAsync();
var raw = new List<double>();
var baseline = new List<double>();
var product = new List<Product>();
for (var run = 0; run < runs; run++)
{
    raw.Add(await RawMessages.PerSecondAsync(new Uri(Setting.Of("Broker__Url")), 20_000));
    baseline.Add(await Measurement.BaselineAsync(tests / 20));
    product.Add(await Measurement.ProductAsync(tests, withWaiting: run == runs - 1));
    await Console.Error.WriteLineAsync($"run {run + 1}: raw {raw[^1]:0}, baseline {baseline[^1]:0}, product {product[^1]}");
}

var (medianRaw, medianBaseline, rate) = (Median(raw), Median(baseline), Median(product.Select(p => p.TestsPerSecond)));
Console.WriteLine(JsonSerializer.Serialize(
    new
    {
        Machine = $"{Environment.ProcessorCount} processors, {RuntimeInformation.OSDescription}",
        Tests = tests,
        Runs = runs,
        Servers = stage,
        RawMessagesPerSecond = Math.Round(medianRaw),
        BaselineTestsPerSecond = Math.Round(medianBaseline, 1),
        TestsPerSecond = Math.Round(rate),
        RatioToRaw = Math.Round(rate / medianRaw, 3),
        RatioToBaseline = Math.Round(rate / medianBaseline, 1),
        CpuSecondsPerThousandTests = Math.Round(Median(product.Select(p => p.CpuSecondsPerThousandTests)), 3),
        ServerCpuSecondsPerThousandTests = Math.Round(Median(product.Select(p => p.ServerCpuSecondsPerThousandTests)), 3),
        BytesPerTest = Math.Round(Median(product.Select(p => p.BytesPerTest))),
        P50SubmitToStartMs = Median(product.Select(p => p.Latency.P50Ms)),
        P99SubmitToStartMs = Median(product.Select(p => p.Latency.P99Ms)),
        With100000Waiting = product[^1].Crowded,
    },
    new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true }));
return 0;

static double Median(IEnumerable<double> values)
{
    var sorted = values.Order().ToArray();
    return sorted[sorted.Length / 2];
}
