using System.Diagnostics;

namespace LoadBalancer.Worker.Processes;

/// <summary>Starts <c>/bin/sh</c> with one of our own scripts; what comes by message is only ever an argument, never script.</summary>
internal static class Shell
{
    private const string Path = "/bin/sh";

    private static readonly string? SetSid = new[] { "/usr/bin/setsid", "/bin/setsid" }.FirstOrDefault(File.Exists);

    /// <summary>Whether a child can get a process group of its own; else its tree is followed by parent ids.</summary>
    public static bool HasSessions => SetSid is not null;

    /// <summary>The script in a session, and so in a process group, of its own where that can be had.</summary>
    public static ProcessStartInfo InOwnSession(string script, string name, params IEnumerable<string> arguments)
    {
        IEnumerable<string> shell = [Path, "-c", script, name, .. arguments];
        return SetSid is null ? new ProcessStartInfo(Path, shell.Skip(1)) : new ProcessStartInfo(SetSid, shell);
    }
}
