using LoadBalancer.Contracts;
using LoadBalancer.Worker.Processes;

namespace LoadBalancer.Worker.Executors;

/// <summary>Turns a command that came by message into one that can be started, or says why it cannot.</summary>
internal static class CommandResolution
{
    /// <param name="command">As it came.</param>
    /// <param name="root">The directory that the command must stay in; it starts there unless it names one inside.</param>
    /// <param name="environment">Already clean.</param>
    /// <param name="allowedExecutables">Names or paths; empty allows all.</param>
    /// <exception cref="TestCannotRunException">It cannot be started here.</exception>
    public static ProcessCommand Resolve(
        TestCommand command, string root, CleanEnvironment environment, IReadOnlyList<string> allowedExecutables)
    {
        RefuseNul(command);
        var directory = ConfinedPath.Resolve(root, command.WorkingDirectory ?? ".");
        if (!Directory.Exists(directory))
            throw new TestCannotRunException($"working directory '{command.WorkingDirectory}' does not exist");

        var searchPath = environment.Variables.GetValueOrDefault("PATH", "/usr/bin:/bin");
        var executable = ExecutableFile.Find(command.Executable, searchPath, directory)
            ?? throw new TestCannotRunException(
                $"executable '{command.Executable}' was not found on this worker: "
                + "give its path, or install it and require it by requiredSoftware or a label");
        if (allowedExecutables.Count > 0 && !allowedExecutables.Any(allowed => ExecutableFile.Find(allowed, searchPath, "/") == executable))
            throw new TestCannotRunException($"executable '{executable}' is not among this worker's AllowedExecutables");

        return new ProcessCommand(executable, command.Arguments, environment.Variables, directory);
    }

    private static void RefuseNul(TestCommand command)
    {
        if (command.Executable.Contains('\0', StringComparison.Ordinal))
            throw new TestCannotRunException("the executable's name contains a NUL character");
        if (command.WorkingDirectory?.Contains('\0', StringComparison.Ordinal) == true)
            throw new TestCannotRunException("the working directory contains a NUL character");

        for (var index = 0; index < command.Arguments.Count; index++)
        {
            if (command.Arguments[index].Contains('\0', StringComparison.Ordinal))
                throw new TestCannotRunException($"argument {index + 1} contains a NUL character, which no process can receive");
        }
    }
}
