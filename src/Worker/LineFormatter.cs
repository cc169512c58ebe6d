using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Worker;

/// <summary>
/// One line for each log entry: what an operator needs to see. The bus tells of every lost connection and bad message with a stack trace
/// of its own code; of those only the messages are kept.
/// </summary>
internal sealed class LineFormatter(IOptions<ConsoleFormatterOptions> options, TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "line";

    private const string Bus = "MassTransit";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var ofTheBus = logEntry.Category.StartsWith(Bus, StringComparison.Ordinal);
        var text = logEntry.Formatter(logEntry.State, logEntry.Exception);
        textWriter.Write($"{time.GetUtcNow().ToString(options.Value.TimestampFormat ?? "u")} {Level(logEntry.LogLevel)} ");
        textWriter.Write(OneLine(ofTheBus ? $"{Bus}: {text}" : text));
        if (logEntry.Exception is { } error)
            textWriter.Write(ofTheBus ? $" ({OneLine(Messages(error))})" : Environment.NewLine + error);
        textWriter.WriteLine();
    }

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info ",
        LogLevel.Warning => "warn ",
        _ => "error",
    };

    private static string Messages(Exception error)
    {
        var messages = new List<string>();
        for (var next = error; next is not null; next = next.InnerException)
            messages.Add(next.Message);
        return string.Join(": ", messages.Distinct());
    }

    // Texts of other programs may hold line breaks and terminal codes.
    private static string OneLine(string text) => string.Concat(text.Select(character => char.IsControl(character) ? ' ' : character));
}
