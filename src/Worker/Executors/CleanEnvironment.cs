using System.Text.RegularExpressions;
using LoadBalancer.Contracts;

namespace LoadBalancer.Worker.Executors;

/// <summary>
/// What a test's process finds in its environment: a few variables of the worker, what the run brings, and what the worker says about
/// the attempt. Variables that make a loader or a runtime run foreign code are dropped unless allowed, and so are those that are the
/// worker's to set.
/// </summary>
internal sealed partial record CleanEnvironment(IReadOnlyDictionary<string, string> Variables, IReadOnlyList<string> Dropped)
{
    private static readonly string[] Inherited =
    [
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ",
        "DOTNET_ROOT", "JAVA_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR",
    ];

    /// <summary>A note for the head of the output, or nothing.</summary>
    public string Note => Dropped.Count == 0 ? "" : $"[dropped from the environment: {string.Join(", ", Dropped)}]\n";

    /// <exception cref="TestCannotRunException">A name or a value cannot be in an environment at all.</exception>
    public static CleanEnvironment Build(
        TestCommand command, IReadOnlyCollection<string> allowed, IReadOnlyDictionary<string, string> ofTheAttempt)
    {
        var variables = new Dictionary<string, string>();
        var dropped = new List<string>();
        foreach (var name in Inherited)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
                variables[name] = value;
        }

        foreach (var (name, value) in command.Environment)
        {
            if (!Possible().IsMatch(name) || value.Contains('\0', StringComparison.Ordinal))
                throw new TestCannotRunException($"environment variable '{name.Replace('\0', '?')}' or its value is not possible");

            if (ofTheAttempt.ContainsKey(name) || (IsHook(name) && !allowed.Contains(name)))
                dropped.Add(name);
            else
                variables[name] = value;
        }

        foreach (var (name, value) in ofTheAttempt)
            variables[name] = value;
        return new CleanEnvironment(variables, dropped);
    }

    private static bool IsHook(string name) => Hook().IsMatch(name);

    [GeneratedRegex(@"\A[^=\0]+\z")]
    private static partial Regex Possible();

    [GeneratedRegex(
        @"\A(LB_.*|PATH|LD_.*|DYLD_.*|GCONV_PATH|BASH_ENV|ENV|SHELLOPTS|BASHOPTS|IFS" +
        "|DOTNET_STARTUP_HOOKS|DOTNET_ADDITIONAL_DEPS|DOTNET_SHARED_STORE|DOTNET_DiagnosticPorts" +
        "|(CORECLR|COR)_(ENABLE_PROFILING|PROFILER.*)" +
        @"|NODE_OPTIONS|PYTHONSTARTUP|PYTHONHOME|PERL5OPT|PERL5LIB|RUBYOPT|RUBYLIB|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS)\z")]
    private static partial Regex Hook();
}
