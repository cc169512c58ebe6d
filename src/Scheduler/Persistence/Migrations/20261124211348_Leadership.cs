using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace LoadBalancer.Scheduler.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class Leadership : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "leader",
                table: "epochs",
                type: "text",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "leads_at",
                table: "epochs",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "url",
                table: "epochs",
                type: "text",
                nullable: false,
                defaultValue: "");

            migrationBuilder.CreateIndex(
                name: "ix_epochs_epoch",
                table: "epochs",
                column: "epoch",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_epochs_epoch",
                table: "epochs");

            migrationBuilder.DropColumn(
                name: "leader",
                table: "epochs");

            migrationBuilder.DropColumn(
                name: "leads_at",
                table: "epochs");

            migrationBuilder.DropColumn(
                name: "url",
                table: "epochs");
        }
    }
}
