from typing import Any

import strawberry
from strawberry import UNSET

from connectors.abilities import TakesWrites
from graph.context import GatewayInfo
from graph.defining import defined
from graph.errors import BadInput
from graph.model import custom_field as model
from graph.model.channel import Channel
from graph.types.access import STRUCTURE
from graph.types.customer_schema import CustomerSchema, FieldDefinition
from graph.types.enums import FieldKind
from graph.types.inputs import sent
from graph.types.scalars import CustomValue
from policies.classification import DataClass
from policies.matrix import ROLES


@strawberry.input(description="Where a custom field's values come from.", directives=[STRUCTURE])
class FieldSourceInput:
    kind: model.SourceKind = strawberry.field(description="LOCAL, SYNCED or LIVE.")
    connector: str | None = strawberry.field(
        default=UNSET, description="Name of a CRM source in the settings."
    )
    object: str | None = strawberry.field(default=UNSET, description="The CRM's object.")
    attribute: str | None = strawberry.field(default=UNSET, description="The CRM's attribute.")
    owner: model.Owner = strawberry.field(
        default=model.Owner.SOURCE,
        description="Of a SYNCED field: PROFILE if it is changed here and sent to the CRM.",
    )


@strawberry.input(description="What a field is called in one language.", directives=[STRUCTURE])
class TranslationInput:
    language: str = strawberry.field(description="Language tag (BCP 47).")
    label: str = strawberry.field(description="Name on screens, up to 50 characters.")
    description: str | None = strawberry.field(default=UNSET, description="What it is for.")


@strawberry.input(
    description=(
        "A custom field, or a new version of the one with its id or key.  It is given whole: what"
        " isn't sent is as for a new field."
    ),
    directives=[STRUCTURE],
)
class DefineFieldInput:
    key: str = strawberry.field(description="Name in queries: a letter, then letters and digits.")
    label: str = strawberry.field(description="Name on screens, up to 50 characters.")
    kind: FieldKind = strawberry.field(description="What it holds.")
    data_class: DataClass = strawberry.field(description="How sensitive its values are.")
    id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The field to change; with another key, it is renamed."
    )
    description: str | None = strawberry.field(default=UNSET, description="What it is for.")
    translations: list[TranslationInput] | None = strawberry.field(
        default=UNSET, description="Its names in other languages."
    )
    is_list: bool = strawberry.field(default=False, description="Whether it holds several values.")
    max_values: int | None = strawberry.field(default=UNSET, description="Most values of a list.")
    choices: list[str] | None = strawberry.field(
        default=UNSET, description="What a CHOICE or CHOICES may be."
    )
    min_length: int | None = strawberry.field(default=UNSET, description="Fewest characters.")
    max_length: int | None = strawberry.field(default=UNSET, description="Most characters.")
    min: CustomValue | None = strawberry.field(
        default=UNSET, description="Least value of a number or day, included."
    )
    max: CustomValue | None = strawberry.field(
        default=UNSET, description="Greatest value of a number or day, included."
    )
    pattern: str | None = strawberry.field(
        default=UNSET, description="What a text must match in whole, in the syntax of RE2."
    )
    is_required: bool = strawberry.field(
        default=False, description="Whether every identified profile has a value."
    )
    default: CustomValue | None = strawberry.field(
        default=UNSET, description="Value of new profiles that are given none."
    )
    is_unique: bool = strawberry.field(
        default=False, description="Whether no two profiles may have the same value."
    )
    is_searchable: bool = strawberry.field(
        default=False, description="Whether profiles can be filtered and sorted by it."
    )
    channels: list[Channel] | None = strawberry.field(
        default=UNSET, description="Channels on which its values recognise the person."
    )
    position: int | None = strawberry.field(
        default=UNSET, description="Place among the fields; the last unless told."
    )
    group: str | None = strawberry.field(
        default=UNSET, description="Heading it is shown under, up to 50 characters."
    )
    roles: list[str] | None = strawberry.field(
        default=UNSET, description="Only these roles may read it."
    )
    step_up: bool = strawberry.field(
        default=False, description="Whether reading it needs a second factor."
    )
    retention: str | None = strawberry.field(default=UNSET, description="Class of retention.")
    source: FieldSourceInput | None = strawberry.field(
        default=UNSET, description="Where values come from; LOCAL unless told."
    )
    further_sources: list[FieldSourceInput] | None = strawberry.field(
        default=UNSET, description="More LIVE sources of a LIVE field, by their precedence."
    )
    source_rule: model.SourceRule = strawberry.field(
        default=model.SourceRule.PRECEDENCE,
        description="Whose value counts where several sources have one.",
    )


@strawberry.type(description="The field and the schema it is now part of.", directives=[STRUCTURE])
class DefineFieldPayload:
    field: FieldDefinition = strawberry.field(description="The field as it is defined now.")
    customer_schema: CustomerSchema = strawberry.field(description="All fields of your tenant.")


async def define_field(info: GatewayInfo, input: DefineFieldInput) -> DefineFieldPayload:
    """Define a field; queries can select it within a second."""
    context = info.context
    definition = _definition(info, input)
    schema = await defined(
        context.wiring.definitions,
        context.principal.tenant,
        context.plan.customer_schema,
        definition,
        context.wiring.max_values,
    )
    field: Any = schema.by_key[definition.key]
    shown: Any = context.visible.known_part(schema)
    return DefineFieldPayload(field=field, customer_schema=shown)


def _definition(info: GatewayInfo, input: DefineFieldInput) -> model.FieldDefinition:
    return model.FieldDefinition(
        id=sent(input.id) or "",
        key=input.key,
        label=input.label.strip(),
        kind=input.kind.value,
        data_class=input.data_class,
        description=sent(input.description),
        translations=tuple(
            model.Translation(item.language, item.label.strip(), sent(item.description))
            for item in input.translations or ()
        ),
        is_list=input.is_list,
        max_values=sent(input.max_values),
        facets=_facets(info, input),
        is_required=input.is_required,
        default=sent(input.default),
        is_unique=input.is_unique,
        is_searchable=input.is_searchable,
        channels=tuple(dict.fromkeys(input.channels or ())),
        position=sent(input.position) or 0,
        group=sent(input.group),
        roles=_roles(sent(input.roles)),
        needs_step_up=input.step_up,
        source=_source(input.source, info),
        further_sources=tuple(_source(one, info) for one in input.further_sources or ()),
        rule=input.source_rule,
        retention=sent(input.retention),
        defined_by=info.context.principal.subject,
        defined_at=info.context.wiring.now(),
    )


def _facets(info: GatewayInfo, input: DefineFieldInput) -> model.Facets:
    return model.Facets(
        choices=tuple(input.choices or ()),
        min_length=sent(input.min_length),
        max_length=sent(input.max_length),
        minimum=sent(input.min),
        maximum=sent(input.max),
        pattern=sent(input.pattern),
        region=info.context.wiring.normalising(info.context.principal.tenant).region,
    )


def _roles(names: list[str] | None) -> frozenset[str] | None:
    if names is None:
        return None
    if not names or not ROLES.issuperset(names):
        raise BadInput(f"roles: expected some of {', '.join(sorted(ROLES))}.")
    return frozenset(names)


def _source(given: FieldSourceInput | None, info: GatewayInfo) -> model.FieldSource:
    if not given:
        return model.FieldSource()
    known = info.context.wiring.sources.get(info.context.principal.tenant, {})
    if given.kind is not model.SourceKind.LOCAL and given.connector not in known:
        raise BadInput(f"source: no such source; known: {', '.join(sorted(known)) or 'none'}.")
    source = known.get(sent(given.connector) or "")
    is_sent = given.owner is model.Owner.PROFILE
    if is_sent and source and not isinstance(source.connector, TakesWrites):
        raise BadInput(f"source: {given.connector} takes no changes.")
    return model.FieldSource(
        given.kind,
        sent(given.connector),
        sent(given.object),
        sent(given.attribute),
        given.owner,
    )
