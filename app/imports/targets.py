"""Where a column of a file goes: the names that a map and a header may use."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from app.imports.errors import ImportTrouble
from graph.model.channel import Channel
from graph.model.custom_field import CustomerSchema, FieldDefinition, SourceKind


@dataclass(frozen=True, slots=True)
class CoreTarget:
    """A core attribute, by its name in the model."""

    attribute: str


@dataclass(frozen=True, slots=True)
class IdentityTarget:
    """Identities of one channel."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class CustomTarget:
    """A custom field."""

    definition: FieldDefinition


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """The id of a record in another system."""

    source: str
    object: str


Target = CoreTarget | IdentityTarget | CustomTarget | LinkTarget

CORE: Final = {
    "name.given": "name.given",
    "name.family": "name.family",
    "birthDate": "birth_date",
    "gender": "gender",
    "language": "language",
}
_LINK_PARTS: Final = 3


def target_of(name: str, schema: CustomerSchema) -> Target:
    """The target of this name.

    Raises:
        ImportTrouble: there is none; tells the nearest.
    """
    if name in CORE:
        return CoreTarget(CORE[name])
    kind, _, rest = name.partition(".")
    if kind == "identities" and rest in Channel.__members__:
        return IdentityTarget(Channel[rest])
    if kind == "custom" and rest in schema.by_key:
        return _custom(schema.by_key[rest])
    # What a CRM calls an object may hold dots itself: party.party.
    parts = name.split(".", _LINK_PARTS - 1)
    if kind == "link" and len(parts) == _LINK_PARTS and all(parts):
        return LinkTarget(parts[1], parts[2])
    raise ImportTrouble(f"There is no target {name!r}{_hint(name, schema)}.")


def _custom(definition: FieldDefinition) -> CustomTarget:
    if definition.source.kind is not SourceKind.LOCAL:
        told = f"custom.{definition.key} is owned by {definition.source.connector}"
        raise ImportTrouble(f"{told}: only values that are kept here can be imported.")
    return CustomTarget(definition)


def _hint(name: str, schema: CustomerSchema) -> str:
    known = [
        *CORE,
        *(f"identities.{channel.value}" for channel in Channel),
        *(f"custom.{key}" for key in schema.by_key),
        "link.SOURCE.OBJECT",
    ]
    lowered = {item.lower(): item for item in known}
    ends = {item.rpartition(".")[2].lower(): item for item in reversed(known)}
    near = get_close_matches(name.lower(), lowered, 1, 0.5)
    if near:
        return f"; the nearest is {lowered[near[0]]!r}"
    near = get_close_matches(name.lower(), ends, 1, 0.6)
    if near:
        return f"; the nearest is {ends[near[0]]!r}"
    return f"; known are {', '.join(CORE)}, identities.CHANNEL, custom.KEY and link.SOURCE.OBJECT"
