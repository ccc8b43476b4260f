"""What is answered: the response map of what was executed, or why it wasn't."""

from collections.abc import Iterable
from typing import Any

from graphql import ExecutionResult, GraphQLError

from graph.errors import ErrorCode, client_error, refusal, refusal_message
from graph.execution.request import Answer
from graph.live_report import SourceReport
from graph.plan import Withheld
from graph.views import Views


def refused(error: Exception) -> Answer:
    """The answer to a request that is not executed."""
    message, extensions = client_error(error)
    body = {"errors": [{"message": message, "extensions": extensions}]}
    return Answer(body, is_request_error=True, code=extensions["code"])


def refused_by(errors: Iterable[GraphQLError]) -> Answer:
    """The answer to a document or variables that can't be executed."""
    told = [_request_error(error) for error in errors]
    return Answer({"errors": told}, is_request_error=True, code=told[0]["extensions"]["code"])


def answer_of(result: ExecutionResult, views: Views) -> Answer:
    """The answer of what was executed, with what was withheld and masked."""
    body: dict[str, Any] = {"data": result.data}
    errors = [_field_error(error) for error in result.errors or ()]
    if result.data is not None:
        errors += [_withheld(item) for item in views.withheld()]
    if errors:
        body["errors"] = errors
    extensions: dict[str, Any] = {}
    if masked := views.masked():
        extensions["masked"] = sorted(".".join(path) for path in masked)
    if reports := views.reports():
        extensions["sources"] = [_report(report) for report in reports]
    if extensions:
        body["extensions"] = extensions
    return Answer(body)


def _request_error(error: GraphQLError) -> dict[str, Any]:
    """The entry of `errors` for a document or variables that can't be executed."""
    return {
        "message": error.message,
        **_place(error),
        "extensions": {"code": ErrorCode.BAD_INPUT.value, **(error.extensions or {})},
    }


def _field_error(error: GraphQLError) -> dict[str, Any]:
    """The entry of `errors` for a field that failed while it was executed."""
    message, extensions = client_error(error.original_error or error)
    return {"message": message, **_place(error), "extensions": extensions}


def _place(error: GraphQLError) -> dict[str, Any]:
    place: dict[str, Any] = {}
    if error.locations:
        place["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        place["path"] = list(error.path)
    return place


def _withheld(item: Withheld) -> dict[str, Any]:
    """One error for a withheld field; in a list it stands for each item and has no path."""
    place = {"field": item.field, "at": ".".join(item.path)}
    extensions = {**refusal(item.decision), **place}
    entry: dict[str, Any] = {"message": refusal_message(item.decision), "extensions": extensions}
    return entry if item.in_list else {**entry, "path": list(item.path)}


def _report(report: SourceReport) -> dict[str, Any]:
    told: dict[str, Any] = {
        "source": report.source,
        "calls": report.calls,
        "keys": report.keys,
        "ms": round(report.ms, 1),
        "cacheHits": report.cache_hits,
        "stale": report.stale,
        "errors": report.errors,
    }
    if report.quota is not None:
        told["quota"] = {"used": report.quota.used, "limit": report.quota.limit}
    return told
