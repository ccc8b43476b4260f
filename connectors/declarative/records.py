"""From a row of an answer to a record."""

from collections.abc import Collection
from typing import Any

from connectors.base import Record
from connectors.declarative.asking import Asker, holds
from connectors.declarative.document import ObjectPart
from connectors.declarative.expressions import ABSENT, reached
from connectors.declarative.instants import instant
from connectors.errors import BadPayload


def record_of(asker: Asker, part: ObjectPart, row: object, attributes: Collection[str]) -> Record:
    """The record of a row.

    Raises:
        BadPayload: it has no id, or its instant is none.
    """
    id_ = text_of(asker.found(part.id, row))
    if id_ is None:
        raise BadPayload(asker.source, f"a record has no `{part.id.text}`")
    root = asker.found(part.values, row)
    given = ((name, _given(asker, part, root, name)) for name in attributes)
    values = {name: value for name, value in given if value is not ABSENT}
    try:
        modified_at = instant(asker.found(part.modified, row))
    except ValueError:
        at = part.modified.text if part.modified else ""
        raise BadPayload(asker.source, f"`{at}` is not an instant") from None
    return Record(id_, values, modified_at, text_of(asker.found(part.etag, row)))


def text_of(value: object) -> str | None:
    """An identifier as text; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    return str(value)


def names_of(value: object) -> list[str]:
    """All identifiers in a value, or in a list of values."""
    items = value if isinstance(value, list) else [value]
    return [text for item in items if (text := text_of(item)) is not None]


def fields_of(part: ObjectPart, attributes: Collection[str], *also: Collection[str]) -> list[str]:
    """What a source has to be asked for, so that rows hold `attributes`; sorted."""
    needed: set[str] = {*part.always}.union(*also)
    for name in attributes:
        if name in part.attributes:
            needed |= part.attributes[name].names
        else:
            needed.add(name.partition(".")[0])
    return sorted(needed)


def asked_for(part: ObjectPart, attributes: Collection[str], *also: Collection[str]) -> Any:  # noqa: ANN401 - part of a scope
    """The names that a request has for what is wanted."""
    return {"fields": fields_of(part, attributes, *also), "attributes": sorted(attributes)}


def _given(asker: Asker, part: ObjectPart, root: object, name: str) -> object:
    value = _value(asker, part, root, name)
    if part.empty and value not in (None, ABSENT):
        told = {**asker.scope, "name": name, "value": value}
        return None if holds(asker.found(part.empty, told)) else value
    return value


def _value(asker: Asker, part: ObjectPart, root: object, name: str) -> object:
    if name in part.attributes:
        return asker.found(part.attributes[name], root)
    if isinstance(root, dict) and name in root:
        return root[name]
    return reached(root, tuple(name.split(".")))
