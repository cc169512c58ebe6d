namespace LoadBalancer.Worker.Executors;

/// <summary>The executors by test type; types without one of their own get the process executor.</summary>
internal sealed class ExecutorSet(ITestExecutor otherwise, IEnumerable<ITestExecutor> executors)
{
    private readonly Dictionary<string, ITestExecutor> byTestType = executors.ToDictionary(executor => executor.TestType);

    public ITestExecutor For(string testType) => byTestType.GetValueOrDefault(testType, otherwise);
}
