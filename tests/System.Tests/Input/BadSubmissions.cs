using System.Text;
using static LoadBalancer.System.Tests.Input.BadSubmission;

namespace LoadBalancer.System.Tests.Input;

/// <summary>The table: what may be sent as a submission, and what must become of it, whichever way it comes.</summary>
internal static class BadSubmissions
{
    private const int MaxBytes = 1 << 20;

    public static IReadOnlyList<BadSubmission> All { get; } =
        [.. Bodies(), .. Types(), .. Ranges(), .. Texts(), .. Nulls(), .. Requirements(), .. Hostile()];

    private static IEnumerable<BadSubmission> Bodies() =>
    [
        Unreadable("empty body", "", "empty"),
        Unreadable("white space", "  \n", "JSON"),
        Unreadable("a list", "[]", "a list"),
        Unreadable("null", "null", "null"),
        Unreadable("a text", "\"run my test\"", "run my test"),
        Unreadable("a number", "7", "7"),
        Unreadable("prose", "run my test", "JSON", "'r'"),
        Unreadable("broken JSON", "{\"testId\": \"a\",}", "JSON"),
        Unreadable("truncated JSON", "{\"testId\": \"a\", \"command\": {\"exec", "JSON"),
        Unreadable("a comment", "{/* mine */ \"testId\": \"a\"}", "JSON"),
        Unreadable("two bodies", "{\"testId\": \"a\"}{\"testId\": \"b\"}", "JSON"),
        Unreadable("NaN", "{\"testId\": \"a\", \"timeoutSeconds\": NaN}", "JSON", "'N'"),
        Unreadable("YAML", "testId: a\npriority: 1\n", "JSON"),
        Unreadable("nested 10,000 deep", $"{{\"testId\": {new string('[', 10_000)}{new string(']', 10_000)}}}", "depth"),
        Unreadable("a byte order mark", "\uFEFF{\"testId\": \"a\"}", "JSON"),
        new("invalid UTF-8", [.. "{\"testId\": \"a"u8, 0xC3, 0x28, .. "\"}"u8], Fate.Unreadable, "UTF-8", "0xC3"),
        new("overlong UTF-8", [.. "{\"testId\": \"a"u8, 0xC0, 0xAF, .. "\"}"u8], Fate.Unreadable, "UTF-8", "0xC0"),
        new("UTF-16", [.. Encoding.Unicode.GetBytes("{\"testId\": \"ä\"}")], Fate.Unreadable, "the body"),
        new("binary", [0x1F, 0x8B, 0x08, 0x00, 0xFF, 0xFE], Fate.Unreadable, "UTF-8", "0x8B"),
        Unreadable("over 1 MiB", $"{{\"testId\": \"a\", \"modelId\": \"{new string('x', MaxBytes)}\"}}", $"{MaxBytes}", "split"),
        Unreadable("20 MiB", $"{{\"testId\": \"a\", \"modelId\": \"{new string('x', 20 * MaxBytes)}\"}}", $"{MaxBytes}", "split"),
        Unreadable("1,001 tests", $"{{\"tests\": [{string.Join(',', Enumerable.Repeat("{\"testId\":\"a\"}", 1_001))}]}}", "tests", "1001"),
        Unreadable("no tests", "{\"tests\": []}", "tests", "0 entries"),
        Unreadable("tests are no list", "{\"tests\": {\"testId\": \"a\"}}", "tests", "an object"),
        Unreadable("tests given twice", "{\"tests\": [{\"testId\": \"a\"}], \"tests\": []}", "tests", "twice"),
        Unreadable("an envelope without a message", "{\"messageType\": [\"urn:message:x\"], \"message\": null}", "null"),
    ];

    private static IEnumerable<BadSubmission> Types() =>
    [
        Refused("text that is a number", "\"testId\": 7", "testId: 7", "text"),
        Refused("text that is an object", "\"suite\": {\"a\": 1}", "suite: an object", "text"),
        Refused("a number that is text", "\"timeoutSeconds\": \"soon\"", "timeoutSeconds: \"soon\"", "a number"),
        Refused("a number that is a list", "\"expectedDurationSeconds\": [1]", "expectedDurationSeconds: a list", "a number"),
        Refused("a whole number that is text", "\"priority\": \"high\"", "priority: \"high\"", "a whole number"),
        Refused("a whole number in quotes", "\"retries\": \"1\"", "retries: \"1\"", "a whole number"),
        Refused("a whole number with a fraction", "\"retries\": 1.5", "retries: 1.5", "a whole number"),
        Refused("a truth that is a number", "\"requeueOnWorkerLoss\": 1", "requeueOnWorkerLoss: 1", "true or false"),
        Refused("a list that is text", "\"concurrencyKeys\": \"gpu\"", "concurrencyKeys: \"gpu\"", "a list"),
        Refused("a list with an object", "\"concurrencyKeys\": [{}]", "concurrencyKeys", "an object", "text"),
        Refused("an object that is a list", "\"requirements\": []", "requirements: a list", "an object"),
        Refused("a command line", "\"command\": \"rm -rf /\"", "command: \"rm -rf /\"", "an object"),
        Refused("an argument that is a number", "\"command\": {\"executable\": \"x\", \"arguments\": [1]}", "command.arguments[0]: 1", "text"),
        Refused("an exit code that is text", "\"command\": {\"executable\": \"x\", \"skippedExitCodes\": [\"77\"]}", "command.skippedExitCodes[0]: \"77\""),
        Refused("a parameter that is a number", "\"parameters\": {\"depth\": 3}", "parameters.depth: 3", "text"),
        Refused("a command without a program", "\"command\": {\"arguments\": []}", "command.executable", "missing"),
        Refused("a bad GUID", "\"runId\": \"not-a-guid\"", "runId: \"not-a-guid\"", "a GUID"),
        Refused("a GUID in braces", "\"runId\": \"{6f0e6a52-52a5-4d0b-8a6e-3f6f6b7c2d11}\"", "runId: \"{6f0e6a52", "a GUID"),
        Refused("the empty GUID", "\"runId\": \"00000000-0000-0000-0000-000000000000\"", "runId: 00000000-0000-0000-0000-000000000000"),
        Refused("a field given twice", "\"priority\": 1, \"priority\": 5", "priority", "twice", "5"),
        Refused("a field given in two cases", "\"priority\": 1, \"PRIORITY\": 5", "PRIORITY", "5"),
        Refused("a variable given twice", "\"command\": {\"executable\": \"x\", \"environment\": {\"A\": \"1\", \"A\": \"2\"}}", "command.environment.A", "\"2\""),
        Refused("an unknown field given twice", "\"later\": {\"x\": 1, \"x\": 2}", "later.x", "2"),
    ];

    private static IEnumerable<BadSubmission> Ranges() =>
    [
        Refused("priority 0", "\"priority\": 0", "priority: 0"),
        Refused("priority 6", "\"priority\": 6", "priority: 6"),
        Refused("a priority beyond an integer", "\"priority\": 99999999999", "priority: 99999999999"),
        Refused("retries -1", "\"retries\": -1", "retries: -1"),
        Refused("retries 11", "\"retries\": 11", "retries: 11"),
        Refused("timeout 0", "\"timeoutSeconds\": 0", "timeoutSeconds: 0"),
        Refused("a negative timeout", "\"timeoutSeconds\": -5", "timeoutSeconds: -5"),
        Refused("a timeout of ages", "\"timeoutSeconds\": 1e308", "timeoutSeconds: 1E+308"),
        Refused("a timeout beyond numbers", "\"timeoutSeconds\": 1e400", "timeoutSeconds: 1e400"),
        Refused("queue timeout 0", "\"queueTimeoutSeconds\": 0", "queueTimeoutSeconds: 0"),
        Refused("a negative expectation", "\"expectedDurationSeconds\": -0.1", "expectedDurationSeconds: -0.1"),
        Refused("NaN in quotes", "\"expectedDurationSeconds\": \"NaN\"", "expectedDurationSeconds: \"NaN\""),
        Refused("artifacts beyond numbers", "\"workspace\": {\"revision\": \"r\", \"maxArtifactMb\": 1e400}", "workspace.maxArtifactMb: 1e400"),
        Refused("negative artifacts", "\"workspace\": {\"revision\": \"r\", \"maxArtifactMb\": -1}", "workspace.maxArtifactMb: -1"),
        Refused("an unknown number beyond numbers", "\"later\": [1e999]", "later[0]: 1e999"),
        Refused("33 keys", $"\"concurrencyKeys\": [{string.Join(',', Enumerable.Range(0, 33).Select(i => $"\"k{i}\""))}]", "concurrencyKeys", "33"),
        Refused("1,001 arguments", $"\"command\": {{\"executable\": \"x\", \"arguments\": [{string.Join(',', Enumerable.Repeat("\"a\"", 1_001))}]}}", "command.arguments", "1001"),
    ];

    private static IEnumerable<BadSubmission> Texts() =>
    [
        Refused("an empty testId", "\"testId\": \"\"", "testId: \"\"", "1 to 256"),
        Refused("a null testId", "\"testId\": null", "testId: null"),
        new("no testId", [.. "{\"suite\": \"nightly\"}"u8], Fate.Refused, "testId", "missing"),
        Refused("a testId of 257 characters", $"\"testId\": \"{new string('t', 257)}\"", "testId: \"ttt", "257"),
        Refused("a suite of 129 characters", $"\"suite\": \"{new string('s', 129)}\"", "suite: \"sss", "129"),
        Refused("an empty submitter", "\"submitter\": \"\"", "submitter: \"\""),
        Refused("reserved characters in testType", "\"testType\": \"unit.#\"", "testType: \"unit.#\"", "[a-z0-9_-]"),
        Refused("capitals in testType", "\"testType\": \"Unit\"", "testType: \"Unit\""),
        Refused("a line break in testType", "\"testType\": \"unit\\n\"", "testType: \"unit\\n\""),
        Refused("a testType of 300 characters", $"\"testType\": \"{new string('u', 300)}\"", "testType: \"uuu"),
        Refused("a testType that is a path", "\"testType\": \"../../etc\"", "testType: \"../../etc\""),
        Refused("a long testId cut within a character", $"\"testId\": \"a{string.Concat(Enumerable.Repeat("😀", 200))}\"", "testId", "401"),
        Refused("an empty key", "\"concurrencyKey\": \"\"", "concurrencyKeys: \"\""),
        Refused("a key of 257 characters", $"\"concurrencyKeys\": [\"{new string('k', 257)}\"]", "concurrencyKeys: \"kkk", "257"),
        Refused("NUL in testId", "\"testId\": \"a\\u0000b\"", "testId: \"a\\u0000b\"", "NUL"),
        Refused("NUL in an argument", "\"command\": {\"executable\": \"x\", \"arguments\": [\"a\\u0000\"]}", "command.arguments: \"a\\u0000\"", "NUL"),
        Refused("NUL in a label's name", "\"requirements\": {\"labels\": {\"a\\u0000\": \"b\"}}", "requirements.labels: \"a\\u0000\"", "NUL"),
        Refused("half a surrogate pair", "\"testId\": \"\\ud800\"", "testId: \"\\ud800\"", "surrogate"),
        Refused("the other half", "\"parameters\": {\"p\": \"x\\udc00\"}", "parameters.p: \"x\\udc00\"", "surrogate"),
        Refused("half a surrogate pair in a name", "\"parameters\": {\"\\ud83d\": \"x\"}", "parameters.", "ud83d", "surrogate"),
        Refused("half a surrogate pair in an unknown name", "\"\\ud83d\": 1", "ud83d", "surrogate"),
        Refused("no program", "\"command\": {\"executable\": \"\"}", "command.executable: \"\""),
        Refused("a variable with =", "\"command\": {\"executable\": \"x\", \"environment\": {\"A=B\": \"1\"}}", "command.environment: \"A=B\""),
    ];

    private static IEnumerable<BadSubmission> Nulls() =>
    [
        Refused("a null text", "\"suite\": null", "suite: null"),
        Refused("a null number", "\"priority\": null", "priority: null"),
        Refused("a null list", "\"concurrencyKeys\": null", "concurrencyKeys: null"),
        Refused("null in a list", "\"concurrencyKeys\": [\"a\", null]", "concurrencyKeys: null"),
        Refused("a null object", "\"requirements\": null", "requirements: null"),
        Refused("null in a map", "\"parameters\": {\"p\": null}", "parameters.p: null"),
        Refused("null among browsers", "\"requirements\": {\"browsers\": [null]}", "requirements.browsers: null"),
        Refused("null as a version", "\"requirements\": {\"requiredSoftware\": {\"node\": null}}", "requirements.requiredSoftware.node: null"),
        Refused("null as an amount", "\"requirements\": {\"requiredAccelerators\": {\"cuda\": null}}", "requirements.requiredAccelerators.cuda: null"),
        Refused("null as an argument", "\"command\": {\"executable\": \"x\", \"arguments\": [null]}", "command.arguments: null"),
        Refused("null as a variable", "\"command\": {\"executable\": \"x\", \"environment\": {\"A\": null}}", "command.environment.A: null"),
        Refused("a null revision", "\"workspace\": {\"revision\": null}", "workspace.revision: null"),
    ];

    private static IEnumerable<BadSubmission> Requirements() =>
    [
        Refused("negative memory", "\"requirements\": {\"minimumMemoryGb\": -1}", "requirements.minimumMemoryGb: -1"),
        Refused("memory of a data centre", "\"requirements\": {\"minimumMemoryGb\": 1e9}", "requirements.minimumMemoryGb: 1000000000"),
        Refused("negative cores", "\"requirements\": {\"cpuCores\": -0.5}", "requirements.cpuCores: -0.5"),
        Refused("one and a half devices", "\"requirements\": {\"requiredAccelerators\": {\"cuda\": 1.5}}", "requirements.requiredAccelerators.cuda: 1.5"),
        Refused("no device", "\"requirements\": {\"requiredAccelerators\": {\"cuda\": 0}}", "requirements.requiredAccelerators.cuda: 0"),
        Refused("a share of nothing", "\"requirements\": {\"requiredAccelerators\": {\"cuda\": 1e-12}}", "requirements.requiredAccelerators.cuda: 1E-12"),
        Refused("a bad version range", "\"requirements\": {\"requiredSoftware\": {\"python\": \">>3\"}}", "requirements.requiredSoftware.python", ">>3"),
        Refused("a range without an end", "\"requirements\": {\"requiredSoftware\": {\"python\": \"[3.10,\"}}", "requirements.requiredSoftware.python", "[3.10,"),
        Refused("an empty range of versions", "\"requirements\": {\"requiredSoftware\": {\"python\": \">4 <3\"}}", "requirements.requiredSoftware.python", ">4 <3"),
        Refused("a version range of 20,000 characters", $"\"requirements\": {{\"requiredSoftware\": {{\"python\": \"{new string('9', 20_000)}\"}}}}", "requirements.requiredSoftware.python: \"999", "20000"),
        Refused("a backend of 65 characters", $"\"requirements\": {{\"requiredBackend\": \"{new string('b', 65)}\"}}", "requirements.requiredBackend: \"bbb", "65"),
        Stored("an unknown backend", "\"requirements\": {\"requiredBackend\": \"quantum\"}"),
        Stored("unknown devices", "\"requirements\": {\"requiredAccelerators\": {\"abacus\": 1024}, \"acceleratorModels\": [\"wood\"]}"),
    ];

    private static IEnumerable<BadSubmission> Hostile() =>
    [
        Stored("SQL in names", "\"testId\": \"'; DROP TABLE runs; --\", \"suite\": \"' OR '1'='1\", \"submitter\": \"x'); DELETE FROM workers;--\""),
        Stored("shell in names", "\"testId\": \"$(touch /tmp/lb-pwned); `id` | sh\", \"modelId\": \"&& reboot\""),
        Stored("shell in arguments", "\"command\": {\"executable\": \"echo\", \"arguments\": [\"$(rm -rf ~)\", \";\", \"a\\nb\"]}"),
        Stored("paths in names", "\"testId\": \"../../etc/passwd\", \"suite\": \"../..\", \"workspace\": {\"revision\": \"../../..\", \"artifacts\": [\"/etc/*\"]}"),
        Stored("markup in names", "\"testId\": \"<script>alert(1)</script>\", \"suite\": \"javascript:alert(1)\""),
        Stored("control characters", "\"testId\": \"a\\u0001\\u001b[31m\\u007f\\r\\nb\", \"suite\": \"tab\\there\""),
        Stored("right to left", "\"testId\": \"user\\u202egnp.exe\", \"modelFamily\": \"\\ufeff\\u200b\\uffff\""),
        Stored("emoji and ancient scripts", "\"testId\": \"😀𓀀é\", \"suite\": \"\\ud83d\\ude00\""),
        Stored("wildcards", "\"testId\": \"#.*%_\", \"concurrencyKeys\": [\"*\", \"%\"]"),
        Stored("reserved words", "\"testId\": \"null\", \"suite\": \"undefined\", \"parameters\": {\"__proto__\": \"x\", \"constructor\": \"y\", \"$type\": \"System.IO.FileInfo\"}"),
        Stored("the longest names", $"\"testId\": \"{new string('名', 256)}\", \"suite\": \"{new string('s', 128)}\", \"testType\": \"{new string('t', 64)}\""),
        Stored("keys given twice", "\"concurrencyKeys\": [\"a\", \"b\", \"a\"], \"concurrencyKey\": \"b\"", kept: "{\"concurrencyKeys\": [\"a\", \"b\"]}"),
        Stored("a field of tomorrow", "\"priority\": 2, \"later\": {\"deep\": [{\"x\": null}]}", kept: "{\"priority\": 2}"),
    ];
}
