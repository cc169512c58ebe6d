using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace LoadBalancer.Scheduler.Persistence;

/// <summary>Lets <c>dotnet ef migrations add</c> see the model without a server.</summary>
internal sealed class DesignTimeDatabase : IDesignTimeDbContextFactory<SchedulerDbContext>
{
    public SchedulerDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<SchedulerDbContext>();
        SchedulerDbContext.Use(options, new DatabaseOptions { ConnectionString = "Host=localhost;Database=design" });
        return new SchedulerDbContext(options.Options);
    }
}
