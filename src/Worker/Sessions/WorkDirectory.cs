using LoadBalancer.Worker.Processes;

namespace LoadBalancer.Worker.Sessions;

/// <summary>
/// What a worker keeps on disk: its last session, the mark of its processes, runs, workspaces and unconfirmed results. Locked while the
/// worker lives: a second one in the same directory would kill the first one's tests as orphans.
/// </summary>
internal sealed class WorkDirectory : IDisposable
{
    private const int MaxAsked = 10;
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(200);

    private readonly string root;
    private readonly FileStream held;

    private WorkDirectory(string root, FileStream held)
    {
        (this.root, this.held) = (root, held);
        Directory.CreateDirectory(Workspaces);
        Directory.CreateDirectory(Results);
        Mark = new ProcessMark(ReadOrCreate("mark", Guid.NewGuid()).ToString("N"));
    }

    public string Root => root;

    public string Runs => Path.Combine(root, "runs");

    public string Workspaces => Path.Combine(root, "workspaces");

    public string Results => Path.Combine(root, "results");

    public ProcessMark Mark { get; }

    /// <summary>The last session that was accepted, or null.</summary>
    public Guid? PreviousSession => Guid.TryParse(ReadText("session"), out var session) ? session : null;

    /// <summary>Sessions that asked since then, of which no acceptance was seen: the process may have died between the two. The newest few.</summary>
    public IReadOnlyList<Guid> AskedSessions =>
        [.. (ReadText("asked") ?? "").Split('\n').Select(line => Guid.TryParse(line, out var session) ? session : Guid.Empty).Where(id => id != Guid.Empty)];

    /// <summary>Whether that session ended by itself because its lease was not renewed.</summary>
    public bool PreviousSessionFenced => PreviousSession is { } session && ReadText("fenced") == session.ToString();

    /// <summary>Opens and locks the directory; waits for a worker that is just ending.</summary>
    /// <exception cref="SettingException">It cannot be used, or another worker keeps it.</exception>
    public static async Task<WorkDirectory> OpenAsync(
        string path, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                Directory.CreateDirectory(path);
                var file = new FileStream(Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                return new WorkDirectory(path, file);
            }
            catch (UnauthorizedAccessException error)
            {
                throw new SettingException($"Worker:WorkDirectory (Worker__WorkDirectory) '{path}' cannot be used: {error.Message}");
            }
            catch (IOException error) when (time.GetElapsedTime(started) > patience)
            {
                throw new SettingException(
                    $"Worker:WorkDirectory (Worker__WorkDirectory) '{path}' cannot be used, "
                    + $"perhaps because another worker runs there: {error.Message}");
            }
            catch (IOException)
            {
                await Task.Delay(LockPause, time, cancellationToken);
            }
        }
    }

    /// <summary>Kills what an earlier worker here left running and deletes its runs' directories.</summary>
    /// <returns>How many processes were killed.</returns>
    public int RemoveLeftovers()
    {
        var killed = Mark.KillBearers();
        if (Directory.Exists(Runs))
            Directory.Delete(Runs, recursive: true);
        Directory.CreateDirectory(Runs);
        return killed;
    }

    /// <summary>Remembers that a session is about to ask.</summary>
    public void WriteAsked(Guid session) => Write("asked", string.Join('\n', AskedSessions.Append(session).TakeLast(MaxAsked)));

    /// <summary>Remembers that a session was accepted.</summary>
    public void WriteSession(Guid session)
    {
        Write("session", session.ToString());
        File.Delete(Path.Combine(root, "asked"));
    }

    /// <summary>Remembers that the session ended by itself because its lease was not renewed.</summary>
    public void WriteFenced(Guid session) => Write("fenced", session.ToString());

    public void Dispose() => held.Dispose();

    private Guid ReadOrCreate(string name, Guid fresh)
    {
        if (Guid.TryParse(ReadText(name), out var existing))
            return existing;

        Write(name, fresh.ToString());
        return fresh;
    }

    private string? ReadText(string name) => File.Exists(Path.Combine(root, name)) ? File.ReadAllText(Path.Combine(root, name)) : null;

    // Renamed into place, so that a crash leaves the old value or the new one.
    private void Write(string name, string value)
    {
        var file = Path.Combine(root, name);
        File.WriteAllText(file + ".new", value);
        File.Move(file + ".new", file, overwrite: true);
    }
}
