using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Tests.Sessions;

/// <summary>
/// Which sessions the worker's log names as accepted, which it does once its queue is bound. A run that is assigned earlier is lost on the
/// in-memory transport, where nobody binds the queue before.
/// </summary>
internal sealed class AcceptedSessions : ILoggerFactory, ILogger
{
    private readonly ConcurrentDictionary<Guid, bool> sessions = [];

    public bool Contains(Guid session) => sessions.ContainsKey(session);

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("it only listens");

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Name == nameof(Worker.Sessions.Log.SessionAccepted) && state is IReadOnlyList<KeyValuePair<string, object?>> values)
            sessions[(Guid)values.Single(value => value.Key == "SessionId").Value!] = true;
    }

    public void Dispose()
    {
    }
}
