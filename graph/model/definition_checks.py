"""What a definition must be to work, whatever is stored."""

import re
from typing import Final

from graph.model.custom_field import FieldDefinition, FieldSource, Owner, SourceKind, SourceRule
from graph.model.errors import BadValue

KEY_PATTERN: Final = re.compile(r"[a-z][a-zA-Z0-9_]{0,63}")
SYSTEM_KEYS: Final = frozenset(
    {"givenName", "familyName", "fullName", "birthDate", "gender", "language", "identities"}
)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,7}")
_NAME: Final = re.compile(r"[\w .,&()/-]{1,50}")
_MAX_LABEL: Final = 50
_MAX_DESCRIPTION: Final = 500
_MAX_TRANSLATIONS: Final = 100
_MAX_CHOICES: Final = 500
_MAX_CHOICE: Final = 200
_MAX_VALUES: Final = 1_000
_MAX_SOURCES: Final = 5
_LONGEST_TEXT: Final = 4_000
LONGEST_SEARCHABLE: Final = 200


def check_definition(definition: FieldDefinition) -> None:
    """Refuse a definition that can't work.

    Raises:
        BadValue: says which part and why.
    """
    if not KEY_PATTERN.fullmatch(definition.key):
        raise BadValue("key", "expected a lower-case letter, then up to 63 letters, digits or _")
    if definition.key in SYSTEM_KEYS:
        raise BadValue("key", "this is a system field, which every profile has already")
    _check_words("", definition.label, definition.description)
    _check_translations(definition)
    for name, value in (("group", definition.group), ("retention", definition.retention)):
        if value is not None and not _NAME.fullmatch(value):
            raise BadValue(name, "expected a name of up to 50 letters, digits, blanks and .,&()/-")
    _check_choices(definition)
    _check_lengths(definition)
    for source in definition.sources:
        _check_source(source)
    _check_further_sources(definition)
    if definition.source.kind is not SourceKind.LOCAL:
        _check_owned_elsewhere(definition)
    if definition.kind == "PASSWORD" and definition.is_synced:
        raise BadValue("source", "a password can't be copied")


def _check_words(prefix: str, label: str, description: str | None) -> None:
    if not 1 <= len(label.strip()) <= _MAX_LABEL or not label.isprintable():
        raise BadValue(f"{prefix}label", f"expected 1 to {_MAX_LABEL} printable characters")
    if len(description or "") > _MAX_DESCRIPTION:
        raise BadValue(f"{prefix}description", f"expected at most {_MAX_DESCRIPTION} characters")


def _check_translations(definition: FieldDefinition) -> None:
    languages = [item.language.lower() for item in definition.translations]
    if len(set(languages)) != len(languages) or len(languages) > _MAX_TRANSLATIONS:
        raise BadValue("translations", f"expected at most {_MAX_TRANSLATIONS} different languages")
    for item in definition.translations:
        if not _LANGUAGE.fullmatch(item.language):
            raise BadValue("translations", "expected language tags such as pt-BR")
        _check_words("translations.", item.label, item.description)


def _check_choices(definition: FieldDefinition) -> None:
    choices = definition.facets.choices
    if definition.kind not in {"CHOICE", "CHOICES"}:
        if choices:
            raise BadValue("choices", "only a field of kind CHOICE or CHOICES has choices")
        return
    if not 1 <= len(choices) <= _MAX_CHOICES:
        raise BadValue("choices", f"expected 1 to {_MAX_CHOICES} choices")
    if len(set(choices)) != len(choices) or not all(map(_is_choice, choices)):
        told = f"expected different choices of 1 to {_MAX_CHOICE} printable characters"
        raise BadValue("choices", told)


def _is_choice(choice: str) -> bool:
    return 1 <= len(choice) <= _MAX_CHOICE and choice.isprintable()


def _check_lengths(definition: FieldDefinition) -> None:
    facets = definition.facets
    least, most = facets.min_length or 0, facets.max_length
    if not 0 <= least <= _LONGEST_TEXT:
        raise BadValue("minLength", f"expected 0 to {_LONGEST_TEXT}")
    if most is not None and not 1 <= most <= _LONGEST_TEXT:
        raise BadValue("maxLength", f"expected 1 to {_LONGEST_TEXT}")
    if most is not None and least > most:
        raise BadValue("minLength", "expected no more than maxLength")
    if definition.max_values is not None and not 1 <= definition.max_values <= _MAX_VALUES:
        raise BadValue("maxValues", f"expected 1 to {_MAX_VALUES}")


def _check_source(source: FieldSource) -> None:
    parts = (source.connector, source.object, source.attribute)
    if source.owner is Owner.PROFILE and source.kind is not SourceKind.SYNCED:
        raise BadValue("source", "only a SYNCED field can be owned by the profile")
    if source.kind is SourceKind.LOCAL:
        if any(parts):
            raise BadValue("source", "a LOCAL field has no connector, object or attribute")
    elif not all(parts):
        raise BadValue("source", f"a {source.kind.value} field needs connector, object, attribute")


def _check_further_sources(definition: FieldDefinition) -> None:
    sources, further = definition.sources, definition.further_sources
    if any(source.kind is not SourceKind.LIVE for source in sources if further):
        raise BadValue("furtherSources", "only a LIVE field has several sources, all of them LIVE")
    if len(set(sources)) != len(sources) or len(sources) > _MAX_SOURCES:
        raise BadValue("furtherSources", f"expected at most {_MAX_SOURCES} different sources")
    if definition.rule is not SourceRule.PRECEDENCE and not further:
        raise BadValue("sourceRule", "only a field with several sources has another rule")


def _check_owned_elsewhere(definition: FieldDefinition) -> None:
    """A value of a CRM can't be promised or made unique; one that isn't kept can't be found."""
    asked = {
        "required": definition.is_required,
        "default": definition.default is not None,
        "unique": definition.is_unique,
        "searchable": definition.is_searchable and definition.is_live,
        "channels": bool(definition.channels),
    }
    for name, is_asked in asked.items():
        if is_asked:
            raise BadValue(name, "only a LOCAL field, whose values are kept here, can have this")
