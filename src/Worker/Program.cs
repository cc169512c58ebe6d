using LoadBalancer.Worker;

return await WorkerHost.RunAsync(args);
