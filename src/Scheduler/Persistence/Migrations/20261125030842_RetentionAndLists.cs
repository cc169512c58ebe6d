using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace LoadBalancer.Scheduler.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class RetentionAndLists : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_runs_state",
                table: "runs");

            migrationBuilder.DropIndex(
                name: "ix_runs_test_id",
                table: "runs");

            migrationBuilder.CreateIndex(
                name: "ix_runs_ended_at",
                table: "runs",
                column: "ended_at",
                filter: "ended_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_runs_state_submitted_at",
                table: "runs",
                columns: new[] { "state", "submitted_at" });

            migrationBuilder.CreateIndex(
                name: "ix_runs_test_id_submitted_at",
                table: "runs",
                columns: new[] { "test_id", "submitted_at" });

            migrationBuilder.CreateIndex(
                name: "ix_outcomes_ended_at",
                table: "outcomes",
                column: "ended_at",
                filter: "NOT accepted");

            migrationBuilder.CreateIndex(
                name: "ix_changes_at",
                table: "changes",
                column: "at",
                filter: "state = 'refused'");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_runs_ended_at",
                table: "runs");

            migrationBuilder.DropIndex(
                name: "ix_runs_state_submitted_at",
                table: "runs");

            migrationBuilder.DropIndex(
                name: "ix_runs_test_id_submitted_at",
                table: "runs");

            migrationBuilder.DropIndex(
                name: "ix_outcomes_ended_at",
                table: "outcomes");

            migrationBuilder.DropIndex(
                name: "ix_changes_at",
                table: "changes");

            migrationBuilder.CreateIndex(
                name: "ix_runs_state",
                table: "runs",
                column: "state",
                filter: "ended_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_runs_test_id",
                table: "runs",
                column: "test_id");
        }
    }
}
