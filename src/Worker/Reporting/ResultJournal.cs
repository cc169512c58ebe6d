using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Reporting;

/// <summary>
/// The file of a <see cref="ResultStore"/>: a result is a line of JSON at its end, since a file for each would cost most of the time that a
/// short test takes. Lines of results that nobody needs any more stay until they are many. Used by one caller at a time.
/// </summary>
internal sealed class ResultJournal(string path, ILogger logger) : IDisposable
{
    private const int ManyLines = 1_000;

    private FileStream? file;
    private int lines;

    /// <summary>What an earlier process wrote. A line that cannot be read, as one that a crash cut off, hides no other.</summary>
    public IEnumerable<StoredResult> Read()
    {
        if (!File.Exists(path))
            yield break;

        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (Parse(line, number) is { } result)
                yield return result;
        }
    }

    /// <exception cref="IOException">The disk does not take it; the file is as before.</exception>
    public void Append(StoredResult result)
    {
        file ??= Open();
        var end = file.Length;
        try
        {
            file.Position = end;
            file.Write(LineOf(result));
            lines++;
        }
        catch (IOException)
        {
            // The rest of a line would make the next one unreadable too.
            file.SetLength(end);
            throw;
        }
    }

    /// <summary>Whether nobody needs what it holds, or only a small part of it.</summary>
    public bool IsWorthRewriting(int needed) => lines > 0 && (needed == 0 || lines - needed >= Math.Max(ManyLines, needed));

    /// <summary>From now on it holds these; a crash in between leaves what it held before.</summary>
    public void Rewrite(IEnumerable<StoredResult> results)
    {
        var unfinished = path + ".new";
        lines = 0;
        using (var next = new FileStream(unfinished, FileMode.Create, FileAccess.Write))
        {
            foreach (var result in results)
            {
                next.Write(LineOf(result));
                lines++;
            }
        }

        file?.Dispose();
        file = null;
        File.Move(unfinished, path, overwrite: true);
    }

    public void Dispose() => file?.Dispose();

    /// <summary>Without a buffer: what was written is there, whatever becomes of this process.</summary>
    private FileStream Open() => new(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    private static byte[] LineOf(StoredResult result) => [.. JsonSerializer.SerializeToUtf8Bytes(result), (byte)'\n'];

    private StoredResult? Parse(string line, int number)
    {
        try
        {
            return JsonSerializer.Deserialize<StoredResult>(line);
        }
        catch (JsonException error)
        {
            logger.ResultUnreadable(path, number, error.Message);
            return null;
        }
    }
}
