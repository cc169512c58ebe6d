using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace LoadBalancer.Scheduler.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class WhatOutcomesTeach : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<double>(
                name: "expected_seconds",
                table: "outcomes",
                type: "double precision",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "workspace_revision",
                table: "outcomes",
                type: "text",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "expected_seconds",
                table: "outcomes");

            migrationBuilder.DropColumn(
                name: "workspace_revision",
                table: "outcomes");
        }
    }
}
