using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace LoadBalancer.Scheduler.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class SessionsAndDeadlines : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "drain_deadline",
                table: "workers",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "drain_reason",
                table: "workers",
                type: "text",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<bool>(
                name: "draining",
                table: "workers",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "previous_ended_by_outage",
                table: "workers",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<Guid>(
                name: "previous_session_id",
                table: "workers",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "execution_deadline",
                table: "runs",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "overdue",
                table: "runs",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "renewed_at",
                table: "epochs",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_runs_execution_deadline",
                table: "runs",
                column: "execution_deadline",
                filter: "execution_deadline IS NOT NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_runs_execution_deadline",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "drain_deadline",
                table: "workers");

            migrationBuilder.DropColumn(
                name: "drain_reason",
                table: "workers");

            migrationBuilder.DropColumn(
                name: "draining",
                table: "workers");

            migrationBuilder.DropColumn(
                name: "previous_ended_by_outage",
                table: "workers");

            migrationBuilder.DropColumn(
                name: "previous_session_id",
                table: "workers");

            migrationBuilder.DropColumn(
                name: "execution_deadline",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "overdue",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "renewed_at",
                table: "epochs");
        }
    }
}
