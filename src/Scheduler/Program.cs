using LoadBalancer.Scheduler;

return await SchedulerProgram.RunAsync(args);
