using LoadBalancer.NoOpWorker;
using LoadBalancer.Worker;

return await WorkerHost.RunAsync(args, new NoOpExecutor());
