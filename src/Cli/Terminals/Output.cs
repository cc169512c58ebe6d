using System.Text.Json;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LoadBalancer.Cli.Terminals;

/// <summary>What a verb says and how: data to stdout, progress and messages to stderr.</summary>
internal sealed class Output
{
    /// <summary>Wide enough that no cell of a table is ever wrapped or cut where no person reads it.</summary>
    private const int UnlimitedWidth = 10_000;

    private static readonly JsonSerializerOptions Indented = new(Api.Json.Options) { WriteIndented = true };

    private readonly Terminal terminal;

    public Output(Terminal terminal, bool json, bool plain, bool noColor)
    {
        this.terminal = terminal;
        Json = json;
        var forPeople = !plain && terminal.Setting("TERM") != "dumb";
        var color = !noColor && terminal.Setting("NO_COLOR") is null;
        Live = forPeople && terminal is { OutIsTerminal: true, ErrorIsTerminal: true }
            && terminal.Setting("CI") is null && terminal.Setting("GITHUB_ACTIONS") is null;
        Data = CreateConsole(terminal.Out, forPeople && terminal.OutIsTerminal, color);
        Progress = CreateConsole(terminal.Error, forPeople && terminal.ErrorIsTerminal, color);
    }

    /// <summary>Data is written as JSON, and nothing else goes to stdout.</summary>
    public bool Json { get; }

    /// <summary>One block that is drawn again and again, instead of lines.</summary>
    public bool Live { get; }

    public IAnsiConsole Data { get; }

    public IAnsiConsole Progress { get; }

    public TimeProvider Time => terminal.Time;

    public void Write(Table data)
    {
        if (Data.Profile.Capabilities.Ansi)
        {
            // A table that does not fit is not drawn at all, so rather break words.
            if (((IRenderable)data).Measure(RenderOptions.Create(Data), Data.Profile.Width).Min >= Data.Profile.Width)
                foreach (var column in data.Columns) column.NoWrap = false;
            Data.Write(data);
            return;
        }

        // A table pads its last column, which is noise in a file.
        using var text = new StringWriter();
        CreateConsole(text, isTerminal: false, color: false).Write(data);
        foreach (var line in text.ToString().TrimEnd('\n').Split('\n')) terminal.Out.WriteLine(line.TrimEnd());
    }

    /// <summary>One line of data, or several; freed of everything that could steer a terminal.</summary>
    public void WriteText(string text) => terminal.Out.WriteLine(PlainText.Lines(text));

    public void WriteJson<T>(T data) => terminal.Out.WriteLine(JsonSerializer.Serialize(data, Indented));

    /// <summary>One object on one line, for streams.</summary>
    public void WriteJsonLine<T>(T data) => terminal.Out.WriteLine(JsonSerializer.Serialize(data, Api.Json.Options));

    /// <summary>A message for the person at the terminal.</summary>
    public void Say(string message) => terminal.Error.WriteLine(PlainText.Lines(message));

    private IAnsiConsole CreateConsole(TextWriter writer, bool isTerminal, bool color)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = isTerminal && color ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Yes : InteractionSupport.No,
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        console.Profile.Width = isTerminal ? terminal.Width : UnlimitedWidth;
        return console;
    }
}
