using LoadBalancer.Scheduler;

try
{
    await using var app = SchedulerHost.Build(args);
    await app.RunAsync();
    return Environment.ExitCode;
}
catch (ConfigurationException exception)
{
    foreach (var problem in exception.Problems)
        await Console.Error.WriteLineAsync(problem);
    return 2;
}
