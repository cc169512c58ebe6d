using System.CommandLine;
using LoadBalancer.Cli.Terminals;

namespace LoadBalancer.Cli;

/// <summary>One call of <c>lb</c>: whatever ends it becomes an exit code and a message on stderr.</summary>
internal static class Invocation
{
    public static async Task<int> Run(string[] args, Terminal terminal, CancellationToken interrupted)
    {
        var root = Program.CreateCommand(terminal);
        var parse = root.Parse(args);
        if (parse.Errors.Count > 0) return Refuse(parse, root, terminal);

        var streams = new InvocationConfiguration
        {
            Output = terminal.Out,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        try
        {
            return await parse.InvokeAsync(streams, interrupted);
        }
        catch (LbException e)
        {
            terminal.Error.WriteLine($"lb: {PlainText.Lines(e.Message)}");
            return e.ExitCode;
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
    }

    private static int Refuse(ParseResult parse, Command root, Terminal terminal)
    {
        var command = parse.CommandResult.Command;
        var known = command.Subcommands.Select(verb => verb.Name).Concat(command.Options.Select(option => option.Name)).ToList();
        if (parse.UnmatchedTokens is [var unknown, ..])
            terminal.Error.WriteLine($"lb: {(command == root ? "no verb" : "no argument or option")} \"{PlainText.Line(unknown)}\"{NearestName.Hint(unknown, known)}");
        else
            foreach (var error in parse.Errors.Select(error => error.Message).Distinct()) terminal.Error.WriteLine($"lb: {PlainText.Line(error)}");
        terminal.Error.WriteLine(command == root ? "    lb --help lists the verbs" : $"    {PathOf(command)} --help shows what it takes");
        return ExitCode.BadInput;
    }

    /// <summary>As it is typed: a verb may have verbs of its own.</summary>
    private static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : command.Name;
}
