using System.Text.Json;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Scheduler.LiveSettings;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Npgsql;

namespace LoadBalancer.Scheduler.Persistence;

/// <summary>All that is remembered. One model for PostgreSQL, which has migrations, and for SQLite in the embedded mode.</summary>
internal sealed class SchedulerDbContext : DbContext
{
    public SchedulerDbContext(DbContextOptions<SchedulerDbContext> options) : base(options)
    {
        // Also for a single statement: the beginning of a transaction is where the epoch is locked.
        if (Database.IsNpgsql())
            Database.AutoTransactionBehavior = AutoTransactionBehavior.Always;
    }

    public DbSet<TestRun> Runs => Set<TestRun>();

    public DbSet<ChangeRow> Changes => Set<ChangeRow>();

    public DbSet<DecisionRow> Decisions => Set<DecisionRow>();

    public DbSet<ReservationRow> Reservations => Set<ReservationRow>();

    public DbSet<OutcomeRow> Outcomes => Set<OutcomeRow>();

    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();

    public DbSet<WorkerSession> Workers => Set<WorkerSession>();

    public DbSet<EpochRow> Epochs => Set<EpochRow>();

    public DbSet<LiveSetting> LiveSettings => Set<LiveSetting>();

    /// <summary>Names are snake_case, so that they need no quotes in SQL.</summary>
    public static void Use(DbContextOptionsBuilder options, DatabaseOptions database, NpgsqlDataSource? source = null, EpochLock? epochLock = null)
    {
        if (database.IsSqlite)
            options.UseSqlite(database.ConnectionString);
        else if (source is not null)
            options.UseNpgsql(source);
        else
            options.UseNpgsql(database.ConnectionString);
        if (epochLock is not null)
            options.AddInterceptors(epochLock);
        options.UseSnakeCaseNamingConvention();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        MapRuns(modelBuilder.Entity<TestRun>());
        MapHistory(modelBuilder);
        MapOutbox(modelBuilder.Entity<OutboxMessage>());
        MapWorkers(modelBuilder.Entity<WorkerSession>());
        MapLiveSettings(modelBuilder.Entity<LiveSetting>());
        var epoch = modelBuilder.Entity<EpochRow>();
        epoch.ToTable("epochs");
        epoch.Property(e => e.Id).ValueGeneratedNever();
        // Part of a key, so that whoever takes over waits for the transactions that hold it.
        epoch.HasIndex(e => e.Epoch).IsUnique();
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        // SQLite has no type for a point in time that can be compared; PostgreSQL stores UTC.
        if (Database.ProviderName?.EndsWith("Sqlite", StringComparison.Ordinal) == true)
            configurationBuilder.Properties<DateTimeOffset>().HaveConversion<DateTimeOffsetToUtcTicks>();
    }

    private void MapRuns(EntityTypeBuilder<TestRun> run)
    {
        run.ToTable("runs");
        run.HasKey(r => r.CorrelationId);
        run.Property(r => r.CorrelationId).HasColumnName("run_id").ValueGeneratedNever();
        run.Property(r => r.Version).IsConcurrencyToken();
        run.Property(r => r.CurrentState).HasColumnName("state").HasMaxLength(16);
        run.Ignore(r => r.Effects);
        AsJson(run.Property(r => r.Submission));
        foreach (var accepted in new[] { nameof(TestRun.Submission), nameof(TestRun.TestId), nameof(TestRun.Suite), nameof(TestRun.Submitter), nameof(TestRun.TestType), nameof(TestRun.SubmittedAt) })
            run.Property(accepted).Metadata.SetAfterSaveBehavior(PropertySaveBehavior.Throw);
        AsJson(run.Property(r => r.FailedOn));
        run.HasIndex(r => new { r.Suite, r.SubmittedAt });
        run.HasIndex(r => new { r.TestId, r.SubmittedAt });
        run.HasIndex(r => new { r.CurrentState, r.SubmittedAt });
        // Only runs that have not ended are looked for by worker or deadline.
        run.HasIndex(r => r.WorkerId).HasFilter("ended_at IS NULL");
        run.HasIndex(r => r.QueueDeadline).HasFilter("queue_deadline IS NOT NULL");
        run.HasIndex(r => r.ExecutionDeadline).HasFilter("execution_deadline IS NOT NULL");
        run.HasIndex(r => r.StartDeadline).HasFilter("start_deadline IS NOT NULL");
        run.HasIndex(r => r.SubmittedAt);
        // By age only what has ended is looked for, to be deleted.
        run.HasIndex(r => r.EndedAt).HasFilter("ended_at IS NOT NULL");
    }

    private void MapHistory(ModelBuilder model)
    {
        var change = model.Entity<ChangeRow>();
        change.ToTable("changes");
        change.HasIndex(c => new { c.RunId, c.Sequence });
        // The only changes without a run, which are deleted by their own age.
        change.HasIndex(c => c.At).HasFilter("state = 'refused'");

        var decision = model.Entity<DecisionRow>();
        decision.ToTable("decisions");
        decision.HasKey(d => new { d.RunId, d.Attempt });
        decision.Property(d => d.PredictedP90Seconds).HasColumnName("predicted_p90_seconds");
        AsJson(decision.Property(d => d.Devices));
        AsJson(decision.Property(d => d.Score));
        AsJson(decision.Property(d => d.Alternatives));
        AsJson(decision.Property(d => d.Refusals));

        var reservation = model.Entity<ReservationRow>();
        reservation.ToTable("reservations");
        // A run holds at most one reservation: a second one cannot be stored.
        reservation.HasKey(r => r.RunId);
        reservation.Property(r => r.RunId).ValueGeneratedNever();
        AsJson(reservation.Property(r => r.Devices));
        AsJson(reservation.Property(r => r.Keys));

        var outcome = model.Entity<OutcomeRow>();
        outcome.ToTable("outcomes");
        outcome.Property(o => o.Outcome).HasConversion<string>().HasMaxLength(16);
        outcome.HasIndex(o => new { o.RunId, o.Attempt });
        // At most one attempt of a run is accepted once.
        outcome.HasIndex(o => new { o.RunId, o.Attempt, o.Accepted }).HasFilter("accepted").IsUnique().HasDatabaseName("ix_outcomes_one_accepted");
        outcome.HasIndex(o => new { o.TestId, o.Id });
        outcome.HasIndex(o => o.EndedAt).HasFilter("NOT accepted");
    }

    private static void MapOutbox(EntityTypeBuilder<OutboxMessage> message)
    {
        message.ToTable("outbox");
        message.Property(m => m.Kind).HasConversion<string>().HasMaxLength(16);
        message.HasIndex(m => m.CreatedAt);
    }

    private void MapWorkers(EntityTypeBuilder<WorkerSession> worker)
    {
        worker.ToTable("workers");
        worker.HasKey(w => w.WorkerId);
        worker.Property(w => w.State).HasConversion<string>().HasMaxLength(16);
        AsJson(worker.Property(w => w.Capabilities));
        AsJson(worker.Property(w => w.Load));
    }

    private static void MapLiveSettings(EntityTypeBuilder<LiveSetting> setting)
    {
        setting.ToTable("live_settings");
        setting.HasKey(s => new { s.Kind, s.Name });
        setting.Property(s => s.Kind).HasConversion<string>().HasMaxLength(16);
    }

    private void AsJson<T>(PropertyBuilder<T> property)
    {
        property.HasConversion(
            new ValueConverter<T, string>(
                value => JsonSerializer.Serialize(value, JsonSerializerOptions.Web),
                text => JsonSerializer.Deserialize<T>(text, JsonSerializerOptions.Web)!),
            new ValueComparer<T>(
                (left, right) => ReferenceEquals(left, right),
                value => value == null ? 0 : value.GetHashCode(),
                value => value));
        if (Database.ProviderName?.EndsWith("PostgreSQL", StringComparison.Ordinal) == true)
            property.HasColumnType("jsonb");
    }

    private sealed class DateTimeOffsetToUtcTicks() : ValueConverter<DateTimeOffset, long>(
        value => value.UtcTicks,
        ticks => new DateTimeOffset(ticks, TimeSpan.Zero));
}
