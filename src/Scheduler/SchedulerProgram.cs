namespace LoadBalancer.Scheduler;

/// <summary>
/// The scheduler as a program. Who adds policies of his own makes a program of one line, with a reference to this project, and selects them
/// by their names like the built-in ones:
/// <code>return await SchedulerProgram.RunAsync(args, services => services.AddSingleton&lt;IPlacementPolicy, NearestRackPolicy&gt;());</code>
/// </summary>
public static class SchedulerProgram
{
    private const int BadConfiguration = 2;

    /// <summary>Runs until it is told to stop.</summary>
    /// <param name="args">Settings as <c>--Section:Name=value</c>.</param>
    /// <param name="configure">Services beside those of the scheduler, above all policies.</param>
    /// <returns>The exit code; 2 if a setting or a policy cannot be used, which is then named on stderr.</returns>
    public static async Task<int> RunAsync(string[] args, Action<IServiceCollection>? configure = null)
    {
        try
        {
            await using var app = SchedulerHost.Build(args, builder => configure?.Invoke(builder.Services));
            await app.RunAsync();
            return Environment.ExitCode;
        }
        catch (ConfigurationException exception)
        {
            foreach (var problem in exception.Problems)
                await Console.Error.WriteLineAsync(problem);
            return BadConfiguration;
        }
    }
}
