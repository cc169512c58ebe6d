using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;

namespace LoadBalancer.Scheduler.Persistence.Grouped;

/// <summary>
/// Writes many rows of one table by one statement: an array for each column, unfolded by PostgreSQL's <c>unnest</c>. Names, types and
/// conversions are those of the EF Core model, so that a column is mapped in one place.
/// </summary>
internal sealed class TableColumns
{
    private readonly string table;
    private readonly IReadOnlyList<Column> stored;
    private readonly IReadOnlyList<Column> changing;

    public TableColumns(IModel model, Type entity)
    {
        var type = model.FindEntityType(entity) ?? throw new ArgumentException($"{entity.Name} is not in the model", nameof(entity));
        table = type.GetTableName()!;
        stored = [.. type.GetProperties().Where(property => property.ValueGenerated == ValueGenerated.Never).Select(Column.Of)];
        changing = [.. stored.Where(column => !column.IsFixed)];
    }

    /// <summary>Adds new rows. What <paramref name="then"/> says follows the statement, such as what to return.</summary>
    public NpgsqlBatchCommand Insert(IReadOnlyList<object> rows, string then = "")
    {
        var names = Names(stored);
        return Command($"INSERT INTO {table} ({names}) SELECT {names} FROM {Unfolded(stored)} {then}", stored, rows);
    }

    /// <summary>
    /// Changes rows, found by their key, whose version is the one before. Columns that the model says are never changed are left alone.
    /// Returns the keys of the rows that were changed.
    /// </summary>
    public NpgsqlBatchCommand Update(IReadOnlyList<object> rows, string key, string version)
    {
        var assignments = string.Join(", ", changing.Select(column => $"{column.Name} = new.{column.Name}"));
        var columns = changing.Append(stored.Single(column => column.Name == key)).ToList();
        return Command(
            $"UPDATE {table} AS old SET {assignments} FROM {Unfolded(columns)} WHERE old.{key} = new.{key} AND old.{version} = new.{version} - 1 RETURNING old.{key}",
            columns,
            rows);
    }

    /// <summary>Whether a column differs.</summary>
    public bool Differ(object one, object other) => stored.Any(column => !Equals(column.Read(one), column.Read(other)));

    private static string Names(IEnumerable<Column> columns) => string.Join(", ", columns.Select(column => column.Name));

    private static string Unfolded(IReadOnlyList<Column> columns) =>
        $"unnest({string.Join(", ", Enumerable.Range(1, columns.Count).Select(i => string.Create(CultureInfo.InvariantCulture, $"${i}")))}) AS new ({Names(columns)})";

    private static NpgsqlBatchCommand Command(string text, IReadOnlyList<Column> columns, IReadOnlyList<object> rows)
    {
        var command = new NpgsqlBatchCommand(text);
        foreach (var column in columns)
            command.Parameters.Add(new NpgsqlParameter { Value = column.Values(rows), DataTypeName = $"{column.StoreType}[]" });
        return command;
    }

    /// <summary>One column and how it is read from an entity.</summary>
    private abstract class Column(IProperty property)
    {
        private readonly IClrPropertyGetter getter = property.GetGetter();

        public string Name { get; } = property.GetColumnName();

        public string StoreType { get; } = property.GetRelationalTypeMapping().StoreTypeNameBase;

        /// <summary>Part of the key, or never changed once it is stored.</summary>
        public bool IsFixed { get; } = property.IsPrimaryKey() || property.GetAfterSaveBehavior() != PropertySaveBehavior.Save;

        public object? Read(object entity) => getter.GetClrValue(entity);

        public abstract Array Values(IReadOnlyList<object> rows);

        public static Column Of(IProperty property)
        {
            var type = property.GetRelationalTypeMapping().Converter?.ProviderClrType ?? property.ClrType;
            if (property.IsNullable && type.IsValueType && Nullable.GetUnderlyingType(type) is null)
                type = typeof(Nullable<>).MakeGenericType(type);
            return (Column)Activator.CreateInstance(typeof(Column<>).MakeGenericType(type), property)!;
        }
    }

    private sealed class Column<T>(IProperty property) : Column(property)
    {
        private readonly Func<object?, object?>? convert = property.GetRelationalTypeMapping().Converter?.ConvertToProvider;

        public override Array Values(IReadOnlyList<object> rows)
        {
            var values = new T[rows.Count];
            for (var i = 0; i < rows.Count; i++)
                values[i] = (T)(convert is null ? Read(rows[i]) : convert(Read(rows[i])))!;
            return values;
        }
    }
}
