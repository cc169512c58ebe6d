namespace LoadBalancer.Worker.Detection;

/// <summary>The processor as <c>/proc/cpuinfo</c> describes it.</summary>
internal sealed record Processor(string Model, int Cores)
{
    /// <param name="cpuInfo">The text of <c>/proc/cpuinfo</c>, or nothing where there is none.</param>
    /// <param name="threads">Logical processors that this process may use; a container may be given fewer than the machine has.</param>
    public static Processor Parse(string cpuInfo, int threads)
    {
        var blocks = cpuInfo.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(Fields).ToList();
        var model = blocks.Select(block => block.GetValueOrDefault("model name", "")).FirstOrDefault(name => name.Length > 0) ?? "";
        var cores = blocks
            .Where(block => block.ContainsKey("core id"))
            .Select(block => (block.GetValueOrDefault("physical id"), block["core id"]))
            .Distinct()
            .Count();
        return new Processor(model, cores == 0 ? threads : Math.Min(cores, threads));
    }

    private static Dictionary<string, string> Fields(string block)
    {
        var fields = new Dictionary<string, string>();
        foreach (var line in block.Split('\n'))
        {
            if (line.IndexOf(':', StringComparison.Ordinal) is var colon and > 0)
                fields[line[..colon].Trim()] = line[(colon + 1)..].Trim();
        }

        return fields;
    }
}
