using System.Text;
using LoadBalancer.Scheduler.Submissions;

namespace LoadBalancer.Scheduler.Tests.Submissions;

public sealed class SubmissionReaderTests
{
    private static readonly Guid NewRunId = new("22222222-2222-2222-2222-222222222222");

    [Theory]
    [InlineData("", "the body is empty")]
    [InlineData("hello", "not valid JSON")]
    [InlineData("{\"testId\": \"a\"", "not valid JSON")]
    [InlineData("[]", "the body is a list")]
    [InlineData("7", "the body is 7")]
    [InlineData("null", "the body is null")]
    [InlineData("{\"tests\": 7}", "tests: is 7")]
    [InlineData("{\"tests\": []}", "tests: has 0 entries")]
    [InlineData("{\"tests\": [{\"testId\": \"a\"}], \"Tests\": []}", "tests: is given twice")]
    [InlineData("\uFEFF{\"testId\": \"a\"}", "not valid JSON")]
    [InlineData("{\"testId\": NaN}", "not valid JSON")]
    public void A_body_that_cannot_be_read_is_refused_with_the_reason(string body, string reason)
    {
        var problem = Assert.Throws<UnreadableSubmissionException>(() => Read(body));

        Assert.Contains(reason, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_body_that_is_too_deep_or_too_large_is_refused()
    {
        var deep = new string('[', 10_000) + new string(']', 10_000);

        Assert.Throws<UnreadableSubmissionException>(() => Read(deep));
        Assert.Contains("split it", Assert.Throws<UnreadableSubmissionException>(() => Read(new string(' ', SubmissionReader.MaxBytes + 1))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "testId: is missing")]
    [InlineData("{\"testId\": \"a\", \"testId\": \"b\"}", "testId: is given twice, the second time as \"b\"")]
    [InlineData("{\"testId\": \"a\", \"command\": {\"executable\": \"x\", \"environment\": {\"A\": \"1\", \"A\": \"2\"}}}", "command.environment.A: is given twice")]
    [InlineData("{\"testId\": \"a\", \"unknown\": {\"x\": 1, \"x\": 2}}", "unknown.x: is given twice, the second time as 2")]
    [InlineData("{\"testId\": \"a\", \"TESTID\": \"b\"}", "TESTID")]
    [InlineData("{\"testId\": \"\\ud800\"}", "testId: \"\\ud800\" holds half of a surrogate pair")]
    [InlineData("{\"testId\": \"a\", \"parameters\": {\"\\udc00\": \"b\"}}", "the name holds half of a surrogate pair")]
    [InlineData("{\"testId\": \"a\", \"\\ud800\": 1}", "the name holds half of a surrogate pair")]
    [InlineData("{\"testId\": \"a\", \"command\": {}}", "command.executable: is missing")]
    [InlineData("{\"testId\": \"a\", \"workspace\": {\"revision\": \"r\", \"maxArtifactMb\": -1}}", "workspace.maxArtifactMb: -1 is not from 0")]
    [InlineData("{\"testId\": \"a\", \"workspace\": {\"revision\": \"r\", \"maxArtifactMb\": 1e400}}", "workspace.maxArtifactMb: 1e400 is too large")]
    [InlineData("{\"testId\": \"a\", \"parameters\": {\"p\": null}}", "parameters.p: null is no text")]
    [InlineData("{\"testId\": \"a\", \"requirements\": {\"browsers\": [null]}}", "requirements.browsers: null is no text")]
    [InlineData("{\"testId\": \"a\", \"requirements\": {\"requiredSoftware\": {\"node\": null}}}", "requirements.requiredSoftware.node: null is no text")]
    [InlineData("{\"testId\": \"a\", \"requirements\": null}", "requirements: null cannot be read")]
    [InlineData("{\"testId\": \"a\", \"requirements\": {\"requiredAccelerators\": {\"cuda\": 1e-9}}}", "requirements.requiredAccelerators.cuda: 1E-09")]
    [InlineData("{\"testId\": \"a\", \"requirements\": {\"acceleratorModels\": [\"V100\"]}}", "requirements.acceleratorModels: \"V100\"")]
    [InlineData("{\"testId\": \"a\", \"requirements\": {\"acceleratorMemoryGb\": 8}}", "requirements.acceleratorMemoryGb: 8")]
    [InlineData("{\"testId\": \"a\", \"concurrencyKey\": \"\"}", "concurrencyKeys: \"\" is no key")]
    [InlineData("{\"testId\": 7}", "testId: 7 cannot be read as text")]
    [InlineData("{\"testId\": null}", "testId")]
    [InlineData("{\"testId\": \"\"}", "testId: \"\" has 0 characters")]
    [InlineData("{\"testId\": \"a\", \"priority\": \"high\"}", "priority: \"high\" cannot be read as a whole number")]
    [InlineData("{\"testId\": \"a\", \"priority\": 9}", "priority: 9 is not from 1 to 5")]
    [InlineData("{\"testId\": \"a\", \"retries\": -1}", "retries: -1 is not from 0 to 10")]
    [InlineData("{\"testId\": \"a\", \"timeoutSeconds\": 0}", "timeoutSeconds: 0 is not above 0")]
    [InlineData("{\"testId\": \"a\", \"timeoutSeconds\": 1e308}", "timeoutSeconds: 1E+308 is not above 0")]
    [InlineData("{\"testId\": \"a\", \"timeoutSeconds\": 1e400}", "timeoutSeconds: 1e400 is too large")]
    [InlineData("{\"testId\": \"a\", \"testType\": \"A B\"}", "testType: \"A B\" is not of the form")]
    [InlineData("{\"testId\": \"a\", \"runId\": \"x\"}", "runId: \"x\" cannot be read as a GUID")]
    [InlineData("{\"testId\": \"a\\u0000\"}", "testId: \"a\\u0000\" holds a NUL character")]
    [InlineData("{\"testId\": \"a\", \"concurrencyKeys\": [null]}", "concurrencyKeys: null is no text")]
    [InlineData("{\"testId\": \"a\", \"requirements\": {\"minimumMemoryGb\": -1}}", "requirements.minimumMemoryGb: -1")]
    [InlineData("{\"testId\": \"a\", \"requirements\": {\"requiredAccelerators\": {\"cuda\": 1.5}}}", "requirements.requiredAccelerators.cuda: 1.5")]
    [InlineData("{\"testId\": \"a\", \"requirements\": {\"requiredSoftware\": {\"python\": \">>3\"}}}", "requirements.requiredSoftware.python: '>>3'")]
    [InlineData("{\"testId\": \"a\", \"command\": {\"executable\": \"\"}}", "command.executable: \"\" is no program")]
    [InlineData("{\"testId\": \"a\", \"command\": {\"executable\": \"x\", \"arguments\": [\"a\\u0000b\"]}}", "command.arguments: \"a\\u0000b\" holds a NUL character")]
    public void A_test_that_is_not_valid_is_refused_with_the_field_and_the_value(string body, string reason)
    {
        var test = Assert.Single(Read(body).Tests);

        Assert.NotEmpty(test.Problems);
        Assert.Contains(reason, test.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"testId\": \"'; DROP TABLE runs; --\"}")]
    [InlineData("{\"testId\": \"a\", \"command\": {\"executable\": \"echo\", \"arguments\": [\"$(rm -rf ~)\", \"a\\nb\"]}}")]
    [InlineData("{\"testId\": \"a\", \"aFieldOfTomorrow\": {\"x\": [1]}}")]
    [InlineData("{\"TestId\": \"a\"}")]
    public void What_only_looks_hostile_or_new_is_taken_as_text(string body) =>
        Assert.Empty(Assert.Single(Read(body).Tests).Problems);

    [Fact]
    public void One_bad_test_of_a_batch_leaves_the_others_alone()
    {
        var body = Read("{\"tests\": [{\"testId\": \"a\"}, {\"testId\": \"b\", \"priority\": 9}, 7]}");

        Assert.True(body.IsBatch);
        Assert.Equal([0, 1, 1], body.Tests.Select(test => test.Problems.Count));
    }

    [Fact]
    public void A_doubled_field_refuses_its_own_test_only_and_leaves_it_its_names()
    {
        var body = Read("{\"tests\": [{\"testId\": \"a\"}, {\"testId\": \"b\", \"suite\": \"s\", \"retries\": 1, \"retries\": 2}]}");

        Assert.Equal([0, 1], body.Tests.Select(test => test.Problems.Count));
        Assert.Equal(("b", "s"), (body.Tests[1].Test!.TestId, body.Tests[1].Test!.Suite));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_named_with_their_place()
    {
        byte[] body = [.. "{\"testId\": \""u8, 0xC3, 0x28, .. "\"}"u8];

        var problem = Assert.Throws<UnreadableSubmissionException>(() => SubmissionReader.Read(body, _ => NewRunId));

        Assert.Contains("byte 12 is 0xC3", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reason_repeats_no_more_than_the_start_of_what_was_sent()
    {
        var longText = new string('x', 100_000);
        var nulls = string.Join(',', Enumerable.Repeat("null", 900));

        Assert.InRange(Reason($"{{\"testId\": \"{longText}\"}}").Length, 1, 300);
        Assert.InRange(Reason($"{{\"testId\": \"a\", \"priority\": \"{longText}\"}}").Length, 1, 300);
        Assert.InRange(Reason($"{{\"testId\": \"a\", \"parameters\": {{\"{longText}\": 1}}}}").Length, 1, 300);
        Assert.InRange(Reason($"{{\"testId\": \"a\", \"requirements\": {{\"requiredSoftware\": {{\"x\": \"{longText}\"}}}}}}").Length, 1, 300);
        Assert.EndsWith("and 880 more", Reason($"{{\"testId\": \"a\", \"requirements\": {{\"browsers\": [{nulls}]}}}}"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_reason_never_holds_half_a_character()
    {
        var reason = Reason($"{{\"testId\": \"a\", \"priority\": \"{string.Concat(Enumerable.Repeat("😀", 100))}\"}}");

        Assert.Equal(reason, new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Encoding.UTF8.GetBytes(reason)));
    }

    [Fact]
    public void An_envelope_is_opened_and_one_key_is_a_list_of_one()
    {
        var test = Assert.Single(Read("{\"messageType\": [\"urn:x\"], \"message\": {\"testId\": \"a\", \"concurrencyKey\": \"k\"}}").Tests);

        Assert.Equal(["k"], test.Test!.ConcurrencyKeys);
        Assert.Equal(NewRunId, test.RunId);
    }

    [Fact]
    public void The_same_message_always_gives_the_same_run()
    {
        Assert.Equal(RunIds.FromMessage("m", 0), RunIds.FromMessage("m", 0));
        Assert.NotEqual(RunIds.FromMessage("m", 0), RunIds.FromMessage("m", 1));
        Assert.Equal(5, RunIds.FromMessage("m", 0).Version);
    }

    private static string Reason(string body) => Assert.Single(Read(body).Tests).Reason;

    private static ReadBody Read(string body) => SubmissionReader.Read(Encoding.UTF8.GetBytes(body), _ => NewRunId);
}
