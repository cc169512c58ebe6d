using System.Globalization;
using System.Text;
using System.Xml;
using LoadBalancer.Cli.Watching;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Reports;

/// <summary>
/// JUnit XML as CI systems read it: one testcase for each run, with attempts, worker and wait as properties.
/// Failed and timed out are failures, what the system did to a run is an error, skipped, cancelled and unended are skipped.
/// </summary>
internal static class JUnitReport
{
    /// <summary>Writes a temporary file beside <paramref name="path"/> and renames it: a reader sees a whole report or none.</summary>
    public static void Write(string path, IReadOnlyList<RunEvidence> runs, DateTimeOffset at)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var writer = XmlWriter.Create(temporary, new XmlWriterSettings { Indent = true, Encoding = new UTF8Encoding(false) }))
                Write(writer, runs, at);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void Write(XmlWriter writer, IReadOnlyList<RunEvidence> runs, DateTimeOffset at)
    {
        writer.WriteStartElement("testsuites");
        WriteCounts(writer, runs);
        foreach (var suite in runs.GroupBy(run => run.Run.Suite))
        {
            writer.WriteStartElement("testsuite");
            writer.WriteAttributeString("name", Legal(suite.Key));
            WriteCounts(writer, [.. suite]);
            writer.WriteAttributeString("timestamp", at.UtcDateTime.ToString("s", CultureInfo.InvariantCulture));
            var timesSeen = new Dictionary<string, int>();
            foreach (var run in suite)
            {
                timesSeen[run.Run.TestId] = timesSeen.GetValueOrDefault(run.Run.TestId) + 1;
                WriteCase(writer, run, timesSeen[run.Run.TestId]);
            }

            writer.WriteEndElement();
        }

        writer.WriteEndElement();
    }

    private static void WriteCounts(XmlWriter writer, IReadOnlyList<RunEvidence> runs)
    {
        writer.WriteAttributeString("tests", Number(runs.Count));
        foreach (var (name, verdict) in new[] { ("failures", Verdict.Failure), ("errors", Verdict.Error), ("skipped", Verdict.Skipped) })
            writer.WriteAttributeString(name, Number(runs.Count(run => VerdictOf(run) == verdict)));
        writer.WriteAttributeString("time", Seconds(runs.Sum(run => run.Run.RunSeconds ?? 0)));
    }

    private static void WriteCase(XmlWriter writer, RunEvidence evidence, int occurrence)
    {
        var run = evidence.Run;
        writer.WriteStartElement("testcase");
        writer.WriteAttributeString("name", Legal(run.TestId) + (occurrence > 1 ? $" #{occurrence}" : ""));
        writer.WriteAttributeString("classname", Legal(run.Suite));
        writer.WriteAttributeString("time", Seconds(run.RunSeconds ?? 0));
        WriteProperties(writer, run);
        WriteVerdict(writer, evidence);
        if (evidence.OutputText is { Length: > 0 } output) writer.WriteElementString("system-out", Legal(output));
        writer.WriteEndElement();
    }

    private static void WriteProperties(XmlWriter writer, RunSummary run)
    {
        writer.WriteStartElement("properties");
        foreach (var (name, value) in new[]
        {
            ("runId", run.RunId.ToString()), ("attempts", Number(run.Attempt)), ("worker", run.WorkerId ?? ""), ("waitSeconds", Seconds(run.WaitSeconds)),
        })
        {
            writer.WriteStartElement("property");
            writer.WriteAttributeString("name", name);
            writer.WriteAttributeString("value", Legal(value));
            writer.WriteEndElement();
        }

        writer.WriteEndElement();
    }

    private static void WriteVerdict(XmlWriter writer, RunEvidence evidence)
    {
        var run = evidence.Run;
        var element = VerdictOf(evidence) switch
        {
            Verdict.Failure => "failure",
            Verdict.Error => "error",
            Verdict.Skipped => "skipped",
            _ => null,
        };
        if (element is null) return;

        var why = RunBoard.HasEnded(run) ? RunText.Why(run) : $"not ended when the report was written: {run.State} {RunText.Why(run)}".TrimEnd();
        writer.WriteStartElement(element);
        writer.WriteAttributeString("message", Legal(why));
        if (element != "skipped") writer.WriteAttributeString("type", Legal(run.FailureKind ?? run.State));
        writer.WriteEndElement();
    }

    private enum Verdict { Passed, Failure, Error, Skipped }

    private static Verdict VerdictOf(RunEvidence evidence) => evidence.Run switch
    {
        { State: RunStates.Completed } => evidence.Skipped ? Verdict.Skipped : Verdict.Passed,
        { State: RunStates.Failed, FailureKind: FailureKinds.TestFailed or FailureKinds.TimedOut } => Verdict.Failure,
        { State: RunStates.Failed or RunStates.Refused } => Verdict.Error,
        _ => Verdict.Skipped,
    };

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>Without what XML 1.0 forbids: most control characters and halves of surrogate pairs.</summary>
    private static string Legal(string text)
    {
        if (text.All(XmlConvert.IsXmlChar)) return text;

        var legal = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && XmlConvert.IsXmlSurrogatePair(text[i + 1], text[i])) legal.Append(text, i++, 2);
            else if (XmlConvert.IsXmlChar(text[i])) legal.Append(text[i]);
        }

        return legal.ToString();
    }
}
