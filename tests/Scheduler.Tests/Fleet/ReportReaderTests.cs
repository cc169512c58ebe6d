using System.Text;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Fleet;

namespace LoadBalancer.Scheduler.Tests.Fleet;

public sealed class ReportReaderTests
{
    private const string Run = "\"runId\": \"6f0e6a52-52a5-4d0b-8a6e-3f6f6b7c2d12\", \"attempt\": 1";
    private const string Good = $$"""{"type": "testFinished", {{Run}}, "outcome": "passed"}""";

    [Theory]
    [InlineData($$"""{"type": "testFinished", {{Run}}, "outcome": "quarantined"}""", "reports[1].outcome: \"quarantined\" cannot be read as an outcome")]
    [InlineData($$"""{"type": "testFinished", {{Run}}, "outcome": 99}""", "reports[1].outcome: 99 is none of Passed")]
    [InlineData($$"""{"type": "testFinished", {{Run}}}""", "reports[1].outcome: is missing")]
    [InlineData($$"""{"type": "testFinished", {{Run}}, "outcome": "passed", "outputHead": null}""", "reports[1].outputHead: null cannot be read")]
    [InlineData($$"""{"type": "testFinished", {{Run}}, "outcome": "passed", "outputTail": "\ud800"}""", "reports[1].outputTail: \"\\ud800\" cannot be read")]
    [InlineData("""{"type": "testStarted", "runId": "../..", "attempt": 1}""", "reports[1].runId: \"../..\" cannot be read as a GUID")]
    [InlineData("null", "reports[1]: null is no report")]
    [InlineData("7", "reports[1]: 7 is no report")]
    public void An_entry_that_cannot_be_read_is_named_with_its_value_and_the_others_count(string bad, string problem)
    {
        var (report, problems) = Read($"{Good}, {bad}, {Good}");

        Assert.Equal([TestOutcome.Passed, TestOutcome.Passed], report.Reports.Cast<TestFinished>().Select(finished => finished.Outcome));
        Assert.StartsWith(problem, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_says_what_it_is_wherever_it_likes_and_one_of_an_unknown_kind_is_no_problem()
    {
        var (report, problems) = Read($$"""{{{Run}}, "outcome": "failed", "type": "testFinished"}, {"type": "ofTomorrow", "runId": 7}""");

        Assert.Empty(problems);
        Assert.Equal([typeof(TestFinished), typeof(Report)], report.Reports.Select(entry => entry.GetType()));
    }

    [Fact]
    public void No_more_is_told_of_many_bad_entries_than_people_read()
    {
        var (report, problems) = Read(string.Join(", ", Enumerable.Repeat("null", 1_000)));

        Assert.Empty(report.Reports);
        Assert.Equal("and 995 more", problems[^1]);
    }

    private static (WorkerReport Report, IReadOnlyList<string> Problems) Read(string entries) => ReportReader.Read(Encoding.UTF8.GetBytes(
        $$"""{"workerId": "w1", "sessionId": "6f0e6a52-52a5-4d0b-8a6e-3f6f6b7c2d11", "reports": [{{entries}}]}"""));
}
