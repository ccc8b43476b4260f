"""The tenants' customer schemas.  A change is a new document; inserting its `_id` claims it."""

from dataclasses import replace
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import DEFINITIONS, key_of
from graph.errors import Conflict
from graph.model.custom_field import CustomerSchema, FieldDefinition, FieldSource, SourceKind
from policies.classification import DataClass

_ATTEMPTS = 20


class MongoDefinitions:
    """`graph.ports.Definitions` in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._definitions = database[DEFINITIONS]

    async def revision(self, tenant: str) -> int:
        """See `app.schemas.KeptDefinitions`."""
        with store_failures():
            newest = (
                self._definitions.find({"tenant": tenant}, {"revision": 1})
                .sort("revision", -1)
                .limit(1)
            )
            found = await newest.to_list()
        return found[0]["revision"] if found else 0

    async def current(self, tenant: str) -> CustomerSchema:
        """See `app.schemas.KeptDefinitions`."""
        with store_failures():
            cursor = self._definitions.find({"tenant": tenant}).sort("revision", 1)
            documents = await cursor.to_list()
        latest = {document["id"]: document for document in documents}
        revision = documents[-1]["revision"] if documents else 0
        return CustomerSchema(revision, tuple(_definition(item) for item in latest.values()))

    async def define(self, tenant: str, definition: FieldDefinition) -> CustomerSchema:
        """See `graph.ports.Definitions`."""
        for _ in range(_ATTEMPTS):
            schema = await self.current(tenant)
            changed = _changed(schema.by_key.get(definition.key), definition)
            document = _document(tenant, schema.revision + 1, changed)
            try:
                with store_failures():
                    await self._definitions.insert_one(document)
            except DuplicateKeyError:
                continue  # somebody else took this revision: look at what they defined
            kept = {item.id: item for item in schema.fields} | {changed.id: changed}
            return CustomerSchema(schema.revision + 1, tuple(kept.values()))
        raise Conflict("The customer schema changes too fast; try again.")


def _changed(known: FieldDefinition | None, wanted: FieldDefinition) -> FieldDefinition:
    if known is None:
        return wanted
    if known.kind != wanted.kind:
        raise Conflict(f"The field is of kind {known.kind}; stored values would not fit another.")
    if missing := set(known.choices) - set(wanted.choices):
        raise Conflict(f"{len(missing)} of the field's choices are missing; values may use them.")
    if known.source.kind is not wanted.source.kind:
        raise Conflict(f"The field's source is {known.source.kind.value} and stays so.")
    return replace(wanted, id=known.id, version=known.version + 1)


def _document(tenant: str, revision: int, definition: FieldDefinition) -> Document:
    source = definition.source
    return {
        "_id": key_of(tenant, f"{revision:08d}"),
        "tenant": tenant,
        "revision": revision,
        "id": definition.id,
        "key": definition.key,
        "label": definition.label,
        "description": definition.description,
        "kind": definition.kind,
        "dataClass": definition.data_class.value,
        "choices": list(definition.choices),
        "source": {
            "kind": source.kind.value,
            "connector": source.connector,
            "object": source.object,
            "attribute": source.attribute,
        },
        "version": definition.version,
        "definedBy": definition.defined_by,
        "definedAt": definition.defined_at,
    }


def _definition(document: dict[str, Any]) -> FieldDefinition:
    source = document["source"]
    return FieldDefinition(
        id=document["id"],
        key=document["key"],
        label=document["label"],
        description=document["description"],
        kind=document["kind"],
        data_class=DataClass(document["dataClass"]),
        choices=tuple(document["choices"]),
        source=FieldSource(
            SourceKind(source["kind"]), source["connector"], source["object"], source["attribute"]
        ),
        version=document["version"],
        defined_by=document["definedBy"],
        defined_at=document["definedAt"],
    )
