using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace LoadBalancer.Scheduler.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class LookAhead : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "was_moved",
                table: "runs",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<int>(
                name: "after_attempt",
                table: "reservations",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "after_run_id",
                table: "reservations",
                type: "uuid",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "was_moved",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "after_attempt",
                table: "reservations");

            migrationBuilder.DropColumn(
                name: "after_run_id",
                table: "reservations");
        }
    }
}
