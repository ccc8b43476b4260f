"""From a file to a checked document; every error names file, line and column."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connectors.declarative.document import Document
from connectors.declarative.expressions import OPTIONS, Expression
from connectors.declarative.reading import Content, Place, Where, WrongFile, did_you_mean, read_file
from connectors.declarative.request_parts import ConditionPart, RequestPart
from connectors.declarative.templates import Template, Tree

_ALWAYS: Final = frozenset({"secret"})
_ASKING: Final = _ALWAYS | {"object"}
_READING: Final = _ASKING | {"fields", "attributes"}
_FETCHING: Final = _READING | {"keys", "key", "kind"}
_WRITING: Final = _ASKING | {"id", "values", "if_match", "idempotency_key"}
_ANSWER: Final = frozenset({"status", "headers", "body"})


@dataclass(frozen=True, slots=True)
class _Lane:
    """The name of a lane."""

    names: frozenset[str]


_Found = tuple[Where, Expression | Template | Tree | _Lane | None, frozenset[str]]


def load(path: Path) -> Document:
    """The connector that a file describes.

    Raises:
        WrongFile: it can't be one; the message says where and why.
    """
    return checked(read_file(path))


def checked(content: Content) -> Document:
    """As `load`, of what was read already."""
    try:
        document = Document.model_validate(content.data)
    except ValidationError as error:
        raise _told(content, error) from None
    known = frozenset(f"{OPTIONS}.{name}" for name in document.options)
    for where, found, scope in _scopes(document):
        allowed = frozenset(document.limits.lanes) if isinstance(found, _Lane) else scope | known
        for name in sorted(found.names - allowed if found else ()):
            told = f"nothing is called `{name}` here{did_you_mean(name, allowed)}"
            raise content.wrong(where, told)
    return document


def _told(content: Content, error: ValidationError) -> WrongFile:
    """The first trouble in the file, of all that was found."""
    troubles = [_trouble(content, item) for item in error.errors(include_url=False)]
    return min(troubles, key=_order)


def _order(trouble: WrongFile) -> tuple[int, int]:
    place = trouble.place or Place(0, 0)
    return place.line, place.column


def _trouble(content: Content, item: ErrorDetails) -> WrongFile:
    where = (*item["loc"], *item.get("ctx", {}).get("path", ()))
    message = item["msg"]
    if item["type"] == "missing":
        message = f"`{where[-1]}` is missing"
    return content.wrong(where, message[:1].lower() + message[1:])


def _scopes(document: Document) -> Iterator[_Found]:
    """Every template and expression whose names we give, where it is, and what they can be."""
    yield ("path",), document.path, frozenset()
    for template in document.auth.templates:
        yield ("auth",), template, _ALWAYS
    for name, template in document.headers.items():
        yield ("headers", name), template, _ALWAYS
    yield from _request(("ping",), document.ping, _ALWAYS)
    for at, rule in enumerate(document.errors):
        yield ("errors", at, "when"), rule.when, _ANSWER
        yield ("errors", at, "retry_after"), rule.retry_after, _ANSWER
    for name in document.objects:
        yield from _object(document, name)
    if document.webhook and document.webhook.expects:
        yield ("webhook", "expects", "value"), document.webhook.expects.value, _ALWAYS


def _object(document: Document, name: str) -> Iterator[_Found]:
    part, here = document.objects[name], ("objects", name)
    yield (*here, "empty"), part.empty, frozenset({"name", "value"})
    answers = [((), part.fetch), *((("keys", kind), key) for kind, key in part.fetch.keys.items())]
    for below, answer in answers:
        where = (*here, "fetch", *below)
        yield from _request((*where, "request"), answer.request, _FETCHING)
        yield (*where, "complete"), answer.complete, _ANSWER | {"keys"}
        yield (*where, "missing"), _when(answer.missing), _ANSWER
    if changes := part.changes:
        where = (*here, "changes")
        yield from _request((*where, "request"), changes.request, _READING | {"cursor", "now"})
        for end in ("next", "last"):
            yield (*where, end), getattr(changes, end), _ANSWER | {"rows", "last", "cursor", "now"}
    if describe := part.describe:
        where = (*here, "describe")
        yield from _request((*where, "request"), describe.request, _ASKING | {"page"})
        yield (*where, "next"), describe.next, _ANSWER
    for kind, facts in part.facts.items():
        where = (*here, "facts", kind.value)
        yield from _request((*where, "request"), facts.request, _ASKING | {"ids", "id", "page"})
        yield (*where, "next"), facts.next, _ANSWER
    if write := part.write:
        where = (*here, "write")
        also = frozenset() if write.whole is None else frozenset({"whole"})
        yield from _request((*where, "request"), write.request, _WRITING | also)
        yield (*where, "conflict"), _when(write.conflict), _ANSWER


def _request(where: Where, request: RequestPart | None, scope: frozenset[str]) -> Iterator[_Found]:
    for below, template in request.templates if request else ():
        yield (*where, *below), template, scope
    if request and request.lane:
        yield (*where, "lane"), _Lane(frozenset({request.lane})), scope


def _when(condition: ConditionPart | None) -> Expression | None:
    return condition.when if condition else None
