"""Documents by path: what an update makes of one, without asking the server."""

from collections.abc import Iterator, Mapping
from typing import Any

Document = dict[str, Any]


def at(document: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - whatever BSON holds
    """What lies at a path; None where nothing does."""
    found: Any = document
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def updated(document: Mapping[str, Any], update: Mapping[str, Any]) -> Document:
    """A document with what an update sets and unsets; its counters stay as they are."""
    found = dict(document)
    for path, value in update.get("$set", {}).items():
        _put(found, path.split("."), value)
    for path in update.get("$unset", {}):
        if at(found, path) is not None:
            _put(found, path.split("."), None)
    return found


def _put(document: Document, parts: list[str], value: object) -> None:
    name, *rest = parts
    if rest:
        below = dict(document.get(name) or {})
        _put(below, rest, value)
        document[name] = below
    elif value is None:
        document.pop(name, None)
    else:
        document[name] = value


def nested(values: Mapping[str, Any]) -> Document:
    """A document that has each value at its path."""
    found: Document = {}
    for path, value in values.items():
        _put(found, path.split("."), value)
    return found


def leaves(document: Mapping[str, Any], names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What lies at each of the names, and under each path of a name that ends in a dot."""
    for name in names:
        if name.endswith("."):
            below = document.get(name[:-1]) or {}
            yield from ((f"{name}{key}", value) for key, value in below.items())
        elif (value := at(document, name)) is not None:
            yield name, value
