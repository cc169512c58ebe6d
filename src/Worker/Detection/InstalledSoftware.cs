using System.Text.RegularExpressions;
using LoadBalancer.Contracts;

namespace LoadBalancer.Worker.Detection;

/// <summary>Programs on the path and the version each one states; what does not answer in time is not listed.</summary>
internal static partial class InstalledSoftware
{
    private static readonly (string Name, string Executable, string[] Arguments)[] Tools =
    [
        ("dotnet", "dotnet", ["--version"]),
        ("python", "python3", ["--version"]),
        ("python3", "python3", ["--version"]),
        ("node", "node", ["--version"]),
        ("git", "git", ["--version"]),
        ("java", "java", ["-version"]),
        ("go", "go", ["version"]),
        ("rust", "rustc", ["--version"]),
        ("gcc", "gcc", ["-dumpfullversion"]),
        ("cmake", "cmake", ["--version"]),
    ];

    private static readonly (string Name, string[] Executables)[] KnownBrowsers =
    [
        ("chromium", ["chromium", "chromium-browser"]),
        ("chrome", ["google-chrome", "google-chrome-stable"]),
        ("firefox", ["firefox", "firefox-esr"]),
    ];

    public static async Task<IReadOnlyDictionary<string, string>> DetectAsync(CommandProbe probe, CancellationToken cancellationToken)
    {
        var found = await Task.WhenAll(Tools.Select(async tool => (tool.Name, Version: VersionIn(await probe(tool.Executable, tool.Arguments, cancellationToken)))));
        return found.Where(tool => tool.Version is not null).ToDictionary(tool => tool.Name, tool => tool.Version!);
    }

    public static async Task<IReadOnlyList<Browser>> BrowsersAsync(CommandProbe probe, CancellationToken cancellationToken)
    {
        var found = await Task.WhenAll(KnownBrowsers.Select(async browser =>
        {
            var versions = await Task.WhenAll(browser.Executables.Select(name => probe(name, ["--version"], cancellationToken)));
            return (browser.Name, Version: versions.Select(VersionIn).FirstOrDefault(version => version is not null));
        }));
        return [.. found.Where(browser => browser.Version is not null).Select(browser => new Browser { Name = browser.Name, Version = browser.Version! })];
    }

    /// <returns>The first thing in the answer that looks like a version, or null.</returns>
    public static string? VersionIn(string? answer) => answer is not null && Version().Match(answer) is { Success: true } match ? match.Value : null;

    // Java's first releases of a line are a bare number in quotes.
    [GeneratedRegex(@"\d+(?:\.\d+)+(?:-[0-9A-Za-z.]+)?|(?<="")\d+(?="")")]
    private static partial Regex Version();
}
