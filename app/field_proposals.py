"""What a CRM's attribute could be as a field of ours: a key, a kind and a data class."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from connectors.abilities import Attribute, ValueType
from graph.model.custom_field import (
    CustomerSchema,
    Facets,
    FieldDefinition,
    FieldSource,
    SourceKind,
)
from graph.model.definition_checks import KEY_PATTERN, SYSTEM_KEYS
from policies.classification import DataClass

_KINDS: Final = {
    ValueType.TEXT: "STRING",
    ValueType.EMAIL: "EMAIL",
    ValueType.PHONE: "PHONE_NUMBER",
    ValueType.URL: "URL",
    ValueType.NUMBER: "DECIMAL",
    ValueType.INTEGER: "NUMBER",
    ValueType.MONEY: "DECIMAL",
    ValueType.BOOLEAN: "BOOLEAN",
    ValueType.DATE: "DATE",
    ValueType.DATETIME: "DATETIME",
    ValueType.CHOICE: "CHOICE",
    ValueType.LINK: "STRING",
    ValueType.OTHER: "STRING",
}
_CLASSES: Final = {
    ValueType.EMAIL: DataClass.CONTACT,
    ValueType.PHONE: DataClass.CONTACT,
    ValueType.MONEY: DataClass.FINANCIAL,
}
# Words in an attribute's name or label, the most sensitive first.
_WORDS: Final = {
    DataClass.SENSITIVE: (
        "diagnosis|disease|health|medical|disability|religion|religious|ethnic|ethnicity|race"
        "|political|union|sexual|biometric|passport|ssn|social security|national id|tax id|vat"
        "|password|note|notes|comment|comments|details|description"
    ),
    DataClass.FINANCIAL: (
        "iban|bic|card|account number|bank|salary|income|revenue|credit|debit|debt|balance"
        "|payment|price|amount|spend|invoice|billing"
    ),
    DataClass.CONTACT: (
        "email|e mail|mail|phone|mobile|fax|address|street|zip|postcode|postal|skype|twitter"
        "|facebook|linkedin|whatsapp|website|url"
    ),
    DataClass.IDENTITY: ("name|firstname|lastname|surname|title|salutation|alias|photo|image"),
    DataClass.DEMOGRAPHIC: (
        "birth|birthday|birthdate|born|age|gender|sex|city|country|state|region|language|lang"
        "|locale|timezone|time zone|marital|education|job|occupation|profession"
    ),
}
_LONGEST_LABEL: Final = 50
_MOST_CHOICES: Final = 500
_LONGEST_CHOICE: Final = 200


@dataclass(frozen=True, slots=True)
class Proposal:
    """An attribute and the field that it could be; `known` is the key that it has already."""

    attribute: Attribute
    definition: FieldDefinition
    known: str | None = None


def proposals(
    attributes: Collection[Attribute], schema: CustomerSchema, source: str, object_: str
) -> list[Proposal]:
    """One for each attribute, in their order; no two have one key, and none has one in use."""
    defined = {
        field.source.attribute: field.key
        for field in schema.fields
        if (field.source.connector, field.source.object) == (source, object_)
    }
    kept = (one for one in (*schema.fields, *schema.retired) if not one.is_purged)
    used = {*SYSTEM_KEYS, *(one.key for one in kept)}
    found = []
    for attribute in attributes:
        known = defined.get(attribute.name)
        key = known or _key(attribute.name, source, used)
        used.add(key)
        found.append(Proposal(attribute, _definition(attribute, key, source, object_), known))
    return found


def _definition(attribute: Attribute, key: str, source: str, object_: str) -> FieldDefinition:
    kind = _KINDS[attribute.type]
    choices: tuple[str, ...] = ()
    if kind == "CHOICE":
        kind, choices = _choice(attribute)
    label = "".join(letter for letter in attribute.label if letter.isprintable()).strip()
    return FieldDefinition(
        id="",
        key=key,
        label=label[:_LONGEST_LABEL].strip() or key,
        kind=kind,
        data_class=_data_class(attribute),
        facets=Facets(choices=choices),
        is_list=attribute.is_list and kind not in {"CHOICES", "BOOLEAN"},
        source=FieldSource(SourceKind.LIVE, source, object_, attribute.name),
    )


def _choice(attribute: Attribute) -> tuple[str, tuple[str, ...]]:
    choices = tuple(dict.fromkeys(attribute.options))
    if not 1 <= len(choices) <= _MOST_CHOICES or not all(map(_is_choice, choices)):
        return "STRING", ()
    return ("CHOICES" if attribute.is_list else "CHOICE"), choices


def _is_choice(text: str) -> bool:
    return 1 <= len(text) <= _LONGEST_CHOICE and text.isprintable()


def _data_class(attribute: Attribute) -> DataClass:
    if attribute.is_sensitive:
        return DataClass.SENSITIVE
    told = f" {' '.join(_words(attribute.name))} {' '.join(_words(attribute.label))} "
    for data_class, words in _WORDS.items():
        if data_class is not DataClass.SENSITIVE and attribute.type in _CLASSES:
            return _CLASSES[attribute.type]
        if re.search(rf" ({words}) ", told):
            return data_class
    return _CLASSES.get(attribute.type, DataClass.BEHAVIOURAL)


def _key(name: str, source: str, used: Collection[str]) -> str:
    last = name.rpartition(".")[2]
    tries = [_words(last), _words(name), [*_words(source), *_words(last)]]
    tries += [[*tries[-1], str(number)] for number in range(2, len(used) + 3)]
    return next(key for words in tries if (key := _camel(words)) not in used)


def _camel(words: list[str]) -> str:
    joined = "".join(word[:1].upper() + word[1:] for word in words).lstrip("0123456789")
    key = (joined[:1].lower() + joined[1:])[:64]
    return key if KEY_PATTERN.fullmatch(key) else "attribute"


def _words(text: str) -> list[str]:
    """The words of a name, in lower case; the mark of a custom attribute is none."""
    plain = re.sub(r"__c$", "", text)
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", plain)]
