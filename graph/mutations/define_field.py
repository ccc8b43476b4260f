from typing import Any

import strawberry
from strawberry import UNSET

from graph.context import GatewayInfo
from graph.errors import BadInput
from graph.kinds.table import KINDS
from graph.model import custom_field as model
from graph.model.ids import new_id
from graph.types.access import STRUCTURE
from graph.types.customer_schema import CustomerSchema, FieldDefinition
from graph.types.inputs import sent
from policies.classification import DataClass


@strawberry.input(description="Where a custom field's values come from.", directives=[STRUCTURE])
class FieldSourceInput:
    kind: model.SourceKind = strawberry.field(description="LOCAL or LIVE.")
    connector: str | None = strawberry.field(
        default=UNSET, description="Name of a CRM source in the settings."
    )
    object: str | None = strawberry.field(default=UNSET, description="The CRM's object.")
    attribute: str | None = strawberry.field(default=UNSET, description="The CRM's attribute.")


@strawberry.input(
    description="A custom field, or a new version of the one with its key.",
    directives=[STRUCTURE],
)
class DefineFieldInput:
    key: str = strawberry.field(description="Name in queries: a letter, then letters and digits.")
    label: str = strawberry.field(description="Name on screens, up to 50 characters.")
    kind: str = strawberry.field(description=f"One of {', '.join(KINDS)}.")
    data_class: DataClass = strawberry.field(description="How sensitive its values are.")
    description: str | None = strawberry.field(default=UNSET, description="What it is for.")
    choices: list[str] | None = strawberry.field(default=UNSET, description="What a CHOICE may be.")
    source: FieldSourceInput | None = strawberry.field(
        default=UNSET, description="Where values come from; LOCAL unless told."
    )


@strawberry.type(description="The field and the schema it is now part of.", directives=[STRUCTURE])
class DefineFieldPayload:
    field: FieldDefinition = strawberry.field(description="The field as it is defined now.")
    customer_schema: CustomerSchema = strawberry.field(description="All fields of your tenant.")


async def define_field(info: GatewayInfo, input: DefineFieldInput) -> DefineFieldPayload:
    """Define a field; queries can select it within a second."""
    context = info.context
    definition = model.FieldDefinition(
        id=new_id(),
        key=input.key,
        label=input.label.strip(),
        kind=_kind(input.kind),
        data_class=input.data_class,
        description=sent(input.description),
        choices=tuple(input.choices or ()),
        source=_source(input.source, info),
        defined_by=context.principal.subject,
        defined_at=context.wiring.now(),
    )
    model.check_definition(definition)
    schema = await context.wiring.definitions.define(context.principal.tenant, definition)
    field: Any = schema.by_key[definition.key]
    shown: Any = schema
    return DefineFieldPayload(field=field, customer_schema=shown)


def _kind(name: str) -> str:
    if name not in KINDS:
        raise BadInput(f"kind: expected one of {', '.join(KINDS)}.")
    return name


def _source(given: FieldSourceInput | None, info: GatewayInfo) -> model.FieldSource:
    if not given:
        return model.FieldSource()
    if given.kind is model.SourceKind.SYNCED:
        raise BadInput("source: SYNCED needs synchronisation, which this version doesn't have.")
    known = info.context.wiring.sources.get(info.context.principal.tenant, {})
    if given.kind is model.SourceKind.LIVE and given.connector not in known:
        raise BadInput(f"source: no such source; known: {', '.join(sorted(known)) or 'none'}.")
    return model.FieldSource(
        given.kind, sent(given.connector), sent(given.object), sent(given.attribute)
    )
