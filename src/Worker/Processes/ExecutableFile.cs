namespace LoadBalancer.Worker.Processes;

/// <summary>Finds the file that a command names, as a shell would: by path when the name has a slash, else along PATH.</summary>
internal static class ExecutableFile
{
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <returns>The full path, or null when there is no such executable file.</returns>
    public static string? Find(string name, string searchPath, string workingDirectory)
    {
        if (name.Length == 0)
            return null;

        var candidates = name.Contains('/', StringComparison.Ordinal)
            ? [Path.GetFullPath(name, workingDirectory)]
            : searchPath.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, name));
        return candidates.FirstOrDefault(IsExecutable);
    }

    private static bool IsExecutable(string path) =>
        File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & AnyExecute) != 0);
}
