"""Events of access and emergencies as documents, and back."""

from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from typing import Any, Final, TypeVar

from app.store.documents import Document
from graph.model.audit import AuditAction, AuditEvent, Verdict
from graph.model.break_glass import BreakGlassGrant
from policies.asking import Assurance
from policies.standing import Purpose, Relation

_ENUMS: Final[Mapping[str, type[Enum]]] = {
    "action": AuditAction,
    "verdict": Verdict,
    "purpose": Purpose,
    "relation": Relation,
    "assurance": Assurance,
}
_Model = TypeVar("_Model", AuditEvent, BreakGlassGrant)


def event_document(event: AuditEvent) -> Document:
    """An event as it is kept."""
    return _document(event)


def event_of(document: Mapping[str, Any]) -> AuditEvent:
    """An event from its document."""
    made = document["_id"].partition("/")[2]  # events of before had no other id
    return _of(AuditEvent, {"id": made, **document})


def grant_document(grant: BreakGlassGrant) -> Document:
    """A grant as it is kept."""
    return _document(grant)


def grant_of(document: Mapping[str, Any]) -> BreakGlassGrant:
    """A grant from its document."""
    return _of(BreakGlassGrant, document)


def _document(item: _Model) -> Document:
    """What of an item isn't None or empty, by the names that it is kept under."""
    values = {part.name: _kept(getattr(item, part.name)) for part in fields(item)}
    return {_camel(name): value for name, value in values.items() if value not in (None, [])}


def _of(model: type[_Model], document: Mapping[str, Any]) -> _Model:
    held: dict[str, Any] = {part.name: document.get(_camel(part.name)) for part in fields(model)}
    return model(
        **{name: _loaded(name, value) for name, value in held.items() if value is not None}
    )


def _kept(value: object) -> object:
    if isinstance(value, Enum):
        return value.name
    return list(value) if isinstance(value, tuple) else value


def _loaded(name: str, value: Any) -> Any:  # noqa: ANN401 - whatever BSON holds
    if name in _ENUMS:
        return _ENUMS[name][str(value)]
    return tuple(value) if isinstance(value, list) else value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
