"""Expertflow CX in our words: its customer schema as definitions, its customers as columns.

Pure: nothing here reads a file or the store.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.imports.errors import ImportTrouble
from graph.kinds.plain import plain
from graph.kinds.table import KINDS
from graph.model.channel import Channel
from graph.model.custom_field import Facets, FieldDefinition
from graph.model.definition_checks import KEY_PATTERN, LONGEST_SEARCHABLE
from policies.classification import DataClass

SOURCE: Final = "expertflow"
_OBJECT: Final = "customer"
_KINDS: Final = {
    name.replace("_", ""): name
    for name in (
        *("ALPHANUMERIC", "BOOLEAN", "EMAIL", "IP", "NAME", "NUMBER"),
        *("PHONE_NUMBER", "PASSWORD", "STRING", "URL"),
    )
}
_SYSTEM: Final = {
    "firstName": "name.given",
    "givenName": "name.given",
    "familyName": "name.family",
    "birthDate": "birthDate",
    "gender": "gender",
    "language": "language",
    "phoneNumber": "identities.VOICE",
}
# Attributes of these names are the channel itself.
_OWN_CHANNELS: Final = {"voice": Channel.VOICE, "web": Channel.WEB, "email": Channel.EMAIL}
_CHANNELS: Final = {
    **{channel.value: channel for channel in Channel},
    "PHONE": Channel.VOICE,
    "CALL": Channel.VOICE,
    "TWITTER": Channel.X,
    "MAIL": Channel.EMAIL,
}
_LEFT_OUT: Final = frozenset(
    {"_id", "__v", "id", "isAnonymous", "labels", "createdAt", "updatedAt", "createdBy"}
)
_LISTS: Final = ("attributes", "customerSchema", "schema", "schemas", "data", "result")
_LONGEST_LABEL: Final = 50
_LONGEST_DESCRIPTION: Final = 500
_LONGEST_TEXT: Final = 4_000
_LONGEST_KEY: Final = 64


@dataclass(frozen=True, slots=True)
class Attribute:
    """What becomes of one attribute: a definition, a target that is there already, or neither.

    `notes` tell what was made to fit, or why it can't be taken over.
    """

    key: str
    definition: FieldDefinition | None = None
    target: str | None = None
    notes: tuple[str, ...] = ()


def read_attributes(content: bytes) -> list[Attribute]:
    """The attributes of an exported customer schema: a JSON list, or an object with one.

    Raises:
        ImportTrouble: it is something else.
    """
    try:
        told = json.loads(content.decode("utf-8-sig"))
    except (ValueError, UnicodeDecodeError):
        raise ImportTrouble("The customer schema isn't JSON.") from None
    found = _attributes_in(told)
    if found is None:
        raise ImportTrouble("The customer schema must be a list of attributes, or hold one.")
    taken: set[str] = set()
    return [_distinct(attribute_of(item), taken) for item in found]


def attribute_of(given: Mapping[str, Any]) -> Attribute:
    """What becomes of one attribute of a customer schema."""
    name = given.get("key")
    if not isinstance(name, str) or not name.strip():
        return Attribute("", notes=("it has no key",))
    name = name.strip()
    if target := system_target(name):
        return Attribute(name, target=target)
    kind = _KINDS.get(re.sub(r"[^A-Z]", "", str(given.get("type", "")).upper()))
    if kind is None:
        return Attribute(name, notes=(f"its type is none of {', '.join(sorted(_KINDS))}",))
    key = our_key(name)
    if not KEY_PATTERN.fullmatch(key):
        return Attribute(name, notes=("its key holds no letters that a key can have",))
    notes = [f"its key is {key} here"] if key != name else []
    return Attribute(name, _definition(given, name, key, kind, notes), notes=tuple(notes))


def system_target(name: str) -> str | None:
    """Where an attribute goes that every profile has already; None for one to be defined."""
    own = _OWN_CHANNELS.get(name.lower())
    return f"identities.{own.value}" if own else _SYSTEM.get(name)


def our_key(name: str) -> str:
    """A key of Expertflow as ours: itself where it fits, else in camel case."""
    if KEY_PATTERN.fullmatch(name):
        return name
    words = re.findall(r"[A-Za-z0-9]+", name)
    joined = "".join(word[:1].upper() + word[1:] for word in words).lstrip("0123456789")
    return (joined[:1].lower() + joined[1:])[:_LONGEST_KEY]


def customer_columns(customer: Mapping[str, object]) -> list[tuple[str, object]]:
    """A customer as columns that are their own targets; `_id` becomes a link."""
    columns: list[tuple[str, object]] = []
    if identifier := customer.get("_id"):
        columns.append((f"link.{SOURCE}.{_OBJECT}", _plain_id(identifier)))
    for name, value in customer.items():
        if name not in _LEFT_OUT:
            columns.append((system_target(name) or f"custom.{our_key(name)}", value))
    return columns


def _plain_id(identifier: object) -> object:
    """The id alone, also of MongoDB's extended JSON."""
    return identifier.get("$oid") if isinstance(identifier, Mapping) else identifier


def _attributes_in(told: object) -> list[Mapping[str, Any]] | None:
    if isinstance(told, list):
        return told if all(isinstance(item, dict) for item in told) else None
    if not isinstance(told, dict):
        return None
    named = [told[name] for name in _LISTS if isinstance(told.get(name), list | dict)]
    lists = named or [value for value in told.values() if isinstance(value, list)]
    return _attributes_in(lists[0]) if len(lists) == 1 else None


def _distinct(attribute: Attribute, taken: set[str]) -> Attribute:
    definition = attribute.definition
    if definition is None:
        return attribute
    if definition.key in taken:
        return Attribute(attribute.key, notes=(f"another attribute is {definition.key} already",))
    taken.add(definition.key)
    return attribute


def _definition(
    given: Mapping[str, Any], name: str, key: str, kind: str, notes: list[str]
) -> FieldDefinition:
    is_identifier = given.get("isChannelIdentifier") is True
    channels = _channels(given.get("channelTypes"), notes) if is_identifier else ()
    facets = Facets(max_length=_max_length(given, kind, notes, is_found=bool(channels)))
    return FieldDefinition(
        id="",
        key=key,
        label=_cut(_words(given.get("label")) or name, _LONGEST_LABEL, "label", notes),
        description=_cut(
            _words(given.get("description")), _LONGEST_DESCRIPTION, "description", notes
        )
        or None,
        kind=kind,
        data_class=_data_class(kind, is_pii=given.get("isPii") is True, names=is_identifier),
        facets=facets,
        is_required=given.get("isRequired") is True,
        default=_default(given.get("defaultValue"), kind, facets, notes, is_list=bool(channels)),
        channels=channels,
        is_list=bool(channels),
    )


def _data_class(kind: str, *, is_pii: bool, names: bool) -> DataClass:
    if not is_pii:
        return DataClass.BEHAVIOURAL
    if names or kind in {"EMAIL", "PHONE_NUMBER"}:
        return DataClass.CONTACT
    return DataClass.IDENTITY if kind == "NAME" else DataClass.SENSITIVE


def _channels(given: object, notes: list[str]) -> tuple[Channel, ...]:
    found: dict[Channel, None] = {}
    for item in given if isinstance(given, Sequence) and not isinstance(given, str) else [given]:
        told = item.get("name") if isinstance(item, Mapping) else item
        name = re.sub(r"[^A-Z]", "", str(told or "").upper())
        if channel := _CHANNELS.get(name):
            found[channel] = None
        elif name:
            notes.append(f"there is no channel {name} here")
    if not found:
        notes.append("it identifies on none of our channels")
    return tuple(found)


def _max_length(
    given: Mapping[str, Any], kind: str, notes: list[str], *, is_found: bool
) -> int | None:
    if kind != "STRING":
        return None
    told = str(given.get("length") or "")
    longest = LONGEST_SEARCHABLE if is_found else _LONGEST_TEXT
    if not re.fullmatch(r"[0-9]{1,9}", told) or int(told) == 0:
        return LONGEST_SEARCHABLE if is_found else None
    if int(told) > longest:
        notes.append(f"its values have at most {longest} characters here")
    return min(int(told), longest)


def _default(
    given: object, kind: str, facets: Facets, notes: list[str], *, is_list: bool
) -> object:
    if given is None or given in ("", []) or is_list:
        return None
    if kind == "PASSWORD":
        notes.append("a password has no default here")
        return None
    try:
        return plain(KINDS[kind].from_source(given, facets))
    except ValueError as error:
        notes.append(f"its default was left out: {error}")
        return None


def _words(given: object) -> str:
    text = " ".join(given.split()) if isinstance(given, str) else ""
    return "".join(character for character in text if character.isprintable())


def _cut(text: str, longest: int, what: str, notes: list[str]) -> str:
    if len(text) > longest:
        notes.append(f"its {what} was cut to {longest} characters")
    return text[:longest].strip()
