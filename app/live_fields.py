"""Makes live fields of a CRM's attributes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from getpass import getuser
from typing import Final

from app.field_proposals import Proposal, proposals
from app.opened_source import opened_source
from app.schemas import Schemas
from app.sealing import opened_sealing
from app.settings import Settings
from app.store.attach import attached_store
from app.store.definitions import MongoDefinitions
from app.store.indexes import create_indexes
from connectors.abilities import Attribute, Describes
from connectors.errors import UnknownField, WrongSettings
from graph.defining import defined
from graph.model.custom_field import CustomerSchema
from graph.model.errors import BadValue

_PATIENCE_S: Final = 30.0


async def proposed_fields(settings: Settings, source: str, object_: str) -> list[Proposal]:
    """The field that each attribute could be, beside those that the tenant has.

    Raises:
        SourceError: the source doesn't tell, or can't.
        StoreUnavailable: the store gives no answer.
    """
    attributes = await _attributes(settings, source, object_)
    async with attached_store(settings) as store, opened_sealing(settings, store.client) as sealing:
        schema = await MongoDefinitions(store.database, sealing, settings.region).current(
            settings.sources[source].tenant
        )
    return proposals(attributes, schema, source, object_)


async def defined_fields(
    settings: Settings, source: str, object_: str, wanted: Sequence[str]
) -> list[Proposal]:
    """The fields of the wanted attributes, defined as proposed; those that are there stay.

    Raises:
        UnknownField: the source has no such attribute; nothing is defined.
        GatewayError: as for the mutation `defineField`; the fields before it are defined.
    """
    attributes = await _attributes(settings, source, object_)
    _check_known(source, attributes, wanted)
    tenant = settings.sources[source].tenant
    async with attached_store(settings) as store, opened_sealing(settings, store.client) as sealing:
        await create_indexes(store.database)
        definitions = MongoDefinitions(store.database, sealing, settings.region)
        schema = await definitions.current(tenant)
        chosen = [
            one
            for one in proposals(attributes, schema, source, object_)
            if one.attribute.name in wanted
        ]
        for one in chosen:
            if one.known is None:
                schema = await _defined(settings, Schemas(definitions), schema, tenant, one)
    return [replace(one, known=one.definition.key) for one in chosen]


async def _defined(
    settings: Settings, schemas: Schemas, schema: CustomerSchema, tenant: str, one: Proposal
) -> CustomerSchema:
    told = replace(
        one.definition,
        defined_by=f"cli:{await asyncio.to_thread(getuser)}",
        defined_at=datetime.now(UTC),
    )
    try:
        return await defined(schemas, tenant, schema, told, settings.max_identities)
    except BadValue as error:
        source = told.source.connector or ""
        raise WrongSettings(source, f"`{one.attribute.name}`: {error}") from None


async def _attributes(settings: Settings, source: str, object_: str) -> Sequence[Attribute]:
    async with opened_source(settings, source) as opened:
        if not isinstance(opened.connector, Describes):
            name = settings.sources[source].connector
            told = f"the connector {name} can't tell which attributes there are"
            raise WrongSettings(source, told)
        return await opened.connector.describe(opened.call(_PATIENCE_S), object_)


def _check_known(source: str, attributes: Sequence[Attribute], wanted: Sequence[str]) -> None:
    known = [item.name for item in attributes]
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.0)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            raise UnknownField(source, f"no such attribute: `{name}`{hint}")
