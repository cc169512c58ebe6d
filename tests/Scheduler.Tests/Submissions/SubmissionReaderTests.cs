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
    [InlineData("{\"testId\": \"a\", \"testId\": \"b\"}", "testId")]
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
    [InlineData("{}", "testId")]
    [InlineData("{\"testId\": 7}", "testId: 7 cannot be read as text")]
    [InlineData("{\"testId\": null}", "testId")]
    [InlineData("{\"testId\": \"\"}", "testId: has 0 characters")]
    [InlineData("{\"testId\": \"a\", \"priority\": \"high\"}", "priority: \"high\" cannot be read as a whole number")]
    [InlineData("{\"testId\": \"a\", \"priority\": 9}", "priority: 9 is not from 1 to 5")]
    [InlineData("{\"testId\": \"a\", \"retries\": -1}", "retries: -1 is not from 0 to 10")]
    [InlineData("{\"testId\": \"a\", \"timeoutSeconds\": 0}", "timeoutSeconds: 0 is not above 0")]
    [InlineData("{\"testId\": \"a\", \"timeoutSeconds\": 1e308}", "timeoutSeconds: 1E+308 is not above 0")]
    [InlineData("{\"testId\": \"a\", \"timeoutSeconds\": 1e400}", "timeoutSeconds")]
    [InlineData("{\"testId\": \"a\", \"testType\": \"A B\"}", "testType: 'A B' is not of the form")]
    [InlineData("{\"testId\": \"a\", \"runId\": \"x\"}", "runId: \"x\" cannot be read as a GUID")]
    [InlineData("{\"testId\": \"a\\u0000\"}", "testId: holds a NUL character")]
    [InlineData("{\"testId\": \"a\", \"concurrencyKeys\": [null]}", "concurrencyKeys")]
    [InlineData("{\"testId\": \"a\", \"requirements\": {\"minimumMemoryGb\": -1}}", "requirements.minimumMemoryGb: -1")]
    [InlineData("{\"testId\": \"a\", \"requirements\": {\"requiredAccelerators\": {\"cuda\": 1.5}}}", "requirements.requiredAccelerators.cuda: 1.5")]
    [InlineData("{\"testId\": \"a\", \"requirements\": {\"requiredSoftware\": {\"python\": \">>3\"}}}", "requirements.requiredSoftware.python: '>>3'")]
    [InlineData("{\"testId\": \"a\", \"command\": {\"executable\": \"\"}}", "command.executable: is empty")]
    [InlineData("{\"testId\": \"a\", \"command\": {\"executable\": \"x\", \"arguments\": [\"a\\u0000b\"]}}", "command.arguments: holds a NUL character")]
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

    private static ReadBody Read(string body) => SubmissionReader.Read(Encoding.UTF8.GetBytes(body), _ => NewRunId);
}
