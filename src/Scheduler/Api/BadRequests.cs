using System.Text.Json;
using System.Text.RegularExpressions;
using LoadBalancer.Scheduler.Submissions;
using Microsoft.AspNetCore.Diagnostics;

namespace LoadBalancer.Scheduler.Api;

/// <summary>Answers an address that cannot be read with the field and the value, instead of an empty 400.</summary>
internal sealed partial class BadRequests : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext http, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not BadHttpRequestException bad)
            return false;

        var answer = Binding().Match(bad.Message) is { Success: true } failed
            ? Refuse(JsonNamingPolicy.CamelCase.ConvertName(failed.Groups["field"].Value), failed.Groups["value"].Value, $"is not {Expected(failed.Groups["type"].Value)}")
            : Results.Problem(statusCode: bad.StatusCode, title: "The request cannot be read", detail: bad.Message);
        await answer.ExecuteAsync(http);
        return true;
    }

    public static IResult Refuse(string field, string value, string problem)
    {
        var text = $"{Quote.Text(value)} {problem}";
        return Results.ValidationProblem(
            new Dictionary<string, string[]> { [field] = [text] }, title: "The request cannot be read", detail: $"{field}: {text}");
    }

    /// <summary>An endpoint filter: no stored text holds a NUL, so none can be asked for.</summary>
    public static ValueTask<object?> RefuseNul(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var request = context.HttpContext.Request;
        var given = request.RouteValues.Select(part => (part.Key, Value: part.Value as string))
            .Concat(request.Query.SelectMany(field => field.Value.Select(value => (field.Key, Value: value))));
        foreach (var (field, value) in given)
        {
            if (value?.Contains('\0', StringComparison.Ordinal) == true)
                return ValueTask.FromResult<object?>(Refuse(field, value, "holds a NUL character"));
        }

        return next(context);
    }

    private static string Expected(string type) => type switch
    {
        "Guid" => "a GUID",
        "int" or "Nullable<int>" => "a whole number",
        "double" or "Nullable<double>" => "a number",
        var other => $"a value of type {other}",
    };

    [GeneratedRegex("""\AFailed to bind parameter "(?<type>\S+) (?<field>\S+)" from "(?<value>.*)"\.\z""", RegexOptions.Singleline)]
    private static partial Regex Binding();
}
