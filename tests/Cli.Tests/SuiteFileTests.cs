using LoadBalancer.Cli.Suites;
using LoadBalancer.Contracts;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Cli.Tests;

public sealed class SuiteFileTests
{
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero));

    [Fact]
    public void Defaults_are_merged_deep_and_lists_are_replaced()
    {
        var tests = Read("""
            suite: nightly
            defaults:
              priority: 4
              timeoutSeconds: 20
              concurrencyKeys: [a, b]
              requirements: {cpuCores: 2, labels: {zone: north, disk: ssd}}
            tests:
              - testId: one
              - testId: two
                priority: 1
                concurrencyKeys: [c]
                requirements: {minimumMemoryGb: 8, labels: {zone: south}}
            """);

        Assert.Equal(["one", "two"], tests.Select(test => test.TestId));
        Assert.All(tests, test => Assert.Equal((20, "nightly", 2), (test.TimeoutSeconds, test.Suite, test.Requirements.CpuCores)));
        Assert.Equal([4, 1], tests.Select(test => test.Priority));
        Assert.Equal(["a", "b"], tests[0].ConcurrencyKeys);
        Assert.Equal(["c"], tests[1].ConcurrencyKeys);
        Assert.Equal(8, tests[1].Requirements.MinimumMemoryGb);
        Assert.Equal(new Dictionary<string, string> { ["zone"] = "south", ["disk"] = "ssd" }, tests[1].Requirements.Labels);
    }

    [Fact]
    public void Json_is_read_as_well_and_with_tabs()
    {
        var tests = Read("{\n\t\"suite\": \"json\",\n\t\"tests\": [\n\t\t{\"testId\": \"a\\u0041\\t\\ud83d\\ude00\", \"retries\": 2, \"command\": {\"executable\": \"sh\", \"arguments\": [\"-c\", \"exit 0\"]}}\n\t]\n}\n");

        Assert.Equal("aA\t\U0001F600", tests[0].TestId);
        Assert.Equal(2, tests[0].Retries);
        Assert.Equal(["-c", "exit 0"], tests[0].Command!.Arguments);
    }

    [Fact]
    public void Values_without_quotes_are_taken_as_text_where_text_is_meant()
    {
        var test = Assert.Single(Read("tests: [{testId: 42, command: {executable: sh, environment: {PORT: 8080, DEBUG: true, EMPTY: ''}}}]"));

        Assert.Equal("42", test.TestId);
        Assert.Equal(new Dictionary<string, string> { ["PORT"] = "8080", ["DEBUG"] = "true", ["EMPTY"] = "" }, test.Command!.Environment);
    }

    [Fact]
    public void Every_test_gets_a_run_id_and_a_suite_named_after_file_and_time()
    {
        var tests = Read("tests: [{testId: a}, {testId: a}]", path: "some/where/smoke.yaml");

        Assert.Equal(2, tests.Select(test => test.RunId).OfType<Guid>().Distinct().Count());
        Assert.All(tests, test => Assert.Equal("smoke-20260304-050607", test.Suite));
    }

    [Fact]
    public void A_given_suite_name_counts_more_than_the_file()
    {
        const string File = "{suite: file, defaults: {suite: default}, tests: [{testId: a, suite: own}]}";

        Assert.Equal("own", Read(File)[0].Suite);
        Assert.Equal("given", Read(File, suite: "given")[0].Suite);
    }

    [Theory]
    [InlineData("tests:\n  - testId: a\n    priorty: 1", "suite.yaml:3: tests[0].priorty: no such field; nearest is \"priority\"")]
    [InlineData("tests:\n  - testId: a\ndefaults:\n  requirements:\n    cpucore: 1", "suite.yaml:5: defaults.requirements.cpucore: no such field; nearest is \"cpuCores\"")]
    [InlineData("test:\n  - testId: a", "suite.yaml:2: test: no such field; nearest is \"tests\"")]
    [InlineData("tests:\n  - testId: a\n    priority: high", "suite.yaml:3: tests[0].priority: must be a whole number, not \"high\"")]
    [InlineData("tests:\n  - testId: a\n  - testId: b\n    priority: 6", "suite.yaml:4: tests[1].priority: 6 is not from 1 to 5")]
    [InlineData("defaults:\n  retries: 11\ntests:\n  - testId: a", "suite.yaml:2: tests[0].retries: 11 is not from 0 to 10")]
    [InlineData("tests:\n  - testId: a\n    timeoutSeconds: 1e400", "suite.yaml:3: tests[0].timeoutSeconds: must be a number, not \"1e400\"")]
    [InlineData("tests:\n  - testId: a\n    requirements:\n      requiredAccelerators:\n        cuda: 1.5", "suite.yaml:5: tests[0].requirements.requiredAccelerators.cuda: 1.5 is neither a share below 1 nor a whole number of devices")]
    [InlineData("tests:\n  - suite: a", "suite.yaml:2: tests[0].testId: is required and missing")]
    [InlineData("tests:\n  - testId: a\n    command:\n      arguments: [x]", "suite.yaml:4: tests[0].command.executable: is required and missing")]
    [InlineData("tests:\n  - testId: a\n    suite: null", "suite.yaml:3: tests[0].suite: must not be null: give a value or leave it out")]
    [InlineData("tests:\n  - testId: a\n    command: {executable: sh, arguments: [a, null]}", "suite.yaml:3: tests[0].command.arguments[1]: must not be null")]
    [InlineData("tests:\n  - testId: a\n    runId: 12", "suite.yaml:3: tests[0].runId: must be a GUID, not \"12\"")]
    [InlineData("tests:\n  - testId: a\n    retries: [1]", "suite.yaml:3: tests[0].retries: must be a whole number")]
    [InlineData("tests:\n  - a", "suite.yaml:2: tests[0]: must be an object with a testId")]
    [InlineData("tests: []", "suite.yaml:1: tests: is required: a list of at least one test")]
    [InlineData("", "suite.yaml:1: the file is empty: give it a list named tests")]
    [InlineData("- a", "suite.yaml:1: the file must be an object with a list named tests")]
    [InlineData("tests:\n  - testId: a\n    testId: b", "suite.yaml:3: ")]
    [InlineData("tests:\n  - testId: 'a", "suite.yaml:2: ")]
    public void An_error_names_file_line_and_field(string text, string message)
    {
        var error = Assert.Throws<LbException>(() => Read(text));

        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.BadInput, error.ExitCode);
    }

    [Fact]
    public void A_run_id_that_is_given_twice_is_refused()
    {
        var error = Assert.Throws<LbException>(() => Read("""
            tests:
              - {testId: a, runId: 019a0000-0000-7000-8000-000000000001}
              - {testId: b, runId: 019a0000-0000-7000-8000-000000000001}
            """));

        Assert.Contains("suite.yaml:3: tests[1].runId", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_are_followed()
    {
        var tests = Read("""
            defaults: {requirements: &gpu {requiredAccelerators: {cuda: 1}}}
            tests:
              - {testId: a, requirements: *gpu}
            """);

        Assert.Equal(1, tests[0].Requirements.RequiredAccelerators["cuda"]);
    }

    private IReadOnlyList<SubmitTest> Read(string text, string? suite = null, string path = "suite.yaml") =>
        SuiteFile.Read(new StringReader(text), path, suite, time);
}
