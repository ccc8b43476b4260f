"""Definitions of custom fields as documents and back."""

from dataclasses import replace
from typing import Any, Final

from app.store.bson_values import kept_value, loaded_value
from app.store.documents import Document
from app.store.names import key_of
from graph.model.channel import Channel
from graph.model.custom_field import (
    Facets,
    FieldDefinition,
    FieldSource,
    Owner,
    SourceKind,
    SourceRule,
    Storage,
    Translation,
)
from policies.classification import DataClass

# What kinds were called before they had the names that others use.
_FORMER_KINDS: Final = {"TEXT": "STRING", "FLAG": "BOOLEAN"}
_PLAIN: Final = {
    "id": "id",
    "key": "key",
    "label": "label",
    "kind": "kind",
    "description": "description",
    "is_list": "isList",
    "max_values": "maxValues",
    "is_required": "isRequired",
    "is_unique": "isUnique",
    "is_searchable": "isSearchable",
    "is_sealed": "isSealed",
    "position": "position",
    "group": "group",
    "needs_step_up": "stepUp",
    "retention": "retention",
    "storage": "storage",
    "slot": "slot",
    "is_indexed": "isIndexed",
    "is_ready": "isReady",
    "is_retired": "isRetired",
    "is_purged": "isPurged",
    "purged_at": "purgedAt",
    "version": "version",
    "defined_by": "definedBy",
    "defined_at": "definedAt",
}
_FACETS: Final = {
    "min_length": "minLength",
    "max_length": "maxLength",
    "minimum": "minimum",
    "maximum": "maximum",
    "pattern": "pattern",
}


def definition_document(tenant: str, revision: int, definition: FieldDefinition) -> Document:
    """A definition as it is kept; the revision it makes is in its `_id`."""
    source, facets, previous = definition.source, definition.facets, definition.previous
    return {
        "_id": key_of(tenant, f"{revision:08d}"),
        "tenant": tenant,
        "revision": revision,
        **{path: getattr(definition, name) for name, path in _PLAIN.items()},
        **{path: kept_value(getattr(facets, name)) for name, path in _FACETS.items()},
        "default": kept_value(definition.default),
        "dataClass": definition.data_class.value,
        "roles": sorted(definition.roles) if definition.roles is not None else None,
        "choices": list(facets.choices),
        "channels": [channel.value for channel in definition.channels],
        "translations": [
            {"language": item.language, "label": item.label, "description": item.description}
            for item in definition.translations
        ],
        "source": _source_document(source),
        "furtherSources": [_source_document(one) for one in definition.further_sources],
        "rule": definition.rule.value,
        "previous": previous
        and {"name": previous.name, "kind": previous.kind, "isList": previous.is_list},
    }


def _source_document(source: FieldSource) -> Document:
    return {
        "kind": source.kind.value,
        "connector": source.connector,
        "object": source.object,
        "attribute": source.attribute,
        "owner": source.owner.value,
    }


def _source_of(document: Document) -> FieldSource:
    return FieldSource(
        SourceKind(document["kind"]),
        document["connector"],
        document["object"],
        document["attribute"],
        Owner(document.get("owner", Owner.SOURCE.value)),
    )


def definition_of(document: Document, region: str) -> FieldDefinition:
    """A definition from its document; `region` completes phone numbers."""
    plain: dict[str, Any] = {
        name: document[path] for name, path in _PLAIN.items() if path in document
    }
    source, previous, roles = document["source"], document.get("previous"), document.get("roles")
    facets = {name: loaded_value(document.get(path)) for name, path in _FACETS.items()}
    definition = FieldDefinition(
        **plain,
        data_class=DataClass(document["dataClass"]),
        default=loaded_value(document.get("default")),
        facets=Facets(choices=tuple(document["choices"]), region=region, **facets),
        roles=None if roles is None else frozenset(roles),
        channels=tuple(Channel(name) for name in document.get("channels", ())),
        translations=tuple(
            Translation(item["language"], item["label"], item["description"])
            for item in document.get("translations", ())
        ),
        source=_source_of(source),
        further_sources=tuple(_source_of(one) for one in document.get("furtherSources", ())),
        rule=SourceRule(document.get("rule", SourceRule.PRECEDENCE.value)),
        previous=previous and Storage(previous["name"], previous["kind"], previous["isList"]),
    )
    return replace(definition, kind=_FORMER_KINDS.get(definition.kind, definition.kind))
