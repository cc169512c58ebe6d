using System.Text.Json;
using LoadBalancer.Cli.Api;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Tests;

public sealed class SubmissionTests
{
    [Fact]
    public void A_batch_keeps_to_a_thousand_tests_and_a_mebibyte_and_nothing_is_lost()
    {
        var many = Enumerable.Range(0, 2_500).Select(i => new SubmitTest { TestId = $"t{i}" }).ToList();
        var large = Enumerable.Range(0, 30).Select(i => new SubmitTest { TestId = $"l{i}", Command = new TestCommand { Executable = new string('x', 100_000) } }).ToList();
        List<SubmitTest> tests = [.. many, .. large];

        var batches = SubmissionBatch.Split(tests).ToList();

        Assert.All(batches, batch => Assert.InRange(batch.Body.Length, 1, SubmissionBatch.MaxBytes));
        Assert.All(batches, batch => Assert.InRange(batch.Tests.Count, 1, SubmissionBatch.MaxTests));
        Assert.Equal(tests.Select(test => test.TestId), batches.SelectMany(batch => Body(batch).Tests).Select(test => test.TestId));
        Assert.InRange(batches.Count, 5, 7);
    }

    [Fact]
    public void A_test_that_is_too_large_alone_is_named()
    {
        var error = Assert.Throws<LbException>(() => SubmissionBatch.Split([new SubmitTest { TestId = "huge", Command = new TestCommand { Executable = new string('x', 2_000_000) } }]).ToList());

        Assert.Contains("\"huge\"", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("suite.yaml", 6)]
    [InlineData("demo.yaml", 40)]
    public async Task The_samples_are_well_formed(string sample, int atLeast)
    {
        var lb = new Lb();

        Assert.Equal(ExitCode.Passed, await lb.Run("submit", Path.Combine(Samples(), sample), "--dry-run"));

        Assert.InRange(JsonSerializer.Deserialize<SubmitTests>(lb.Out, JsonSerializerOptions.Web)!.Tests.Count, atLeast, 100);
    }

    private static string Samples()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(directory.FullName, "samples"))) directory = directory.Parent!;
        return Path.Combine(directory.FullName, "samples");
    }

    private static SubmitTests Body(SubmissionBatch batch) => JsonSerializer.Deserialize<SubmitTests>(batch.Body, JsonSerializerOptions.Web)!;
}
