"""The customer schema: the fields a tenant's admins defined."""

from datetime import datetime
from typing import Annotated, Any, cast

import strawberry

from graph.context import GatewayInfo
from graph.kinds.plain import plain
from graph.kinds.search import operators_of
from graph.kinds.values import load_value
from graph.model import custom_field as model
from graph.model.channel import Channel
from graph.types.access import STRUCTURE
from graph.types.enums import FieldKind
from graph.types.scalars import CustomValue
from policies.classification import DataClass

Language = Annotated[
    str | None, strawberry.argument(description="Language tag (BCP 47), such as de-AT.")
]
Root = strawberry.Parent[model.FieldDefinition]


@strawberry.type(description="Where a custom field's values come from.", directives=[STRUCTURE])
class FieldSource:
    kind: model.SourceKind = strawberry.field(
        description="LOCAL: in the profile; SYNCED: copied from a CRM; LIVE: asked of it."
    )
    connector: str | None = strawberry.field(description="Name of the CRM source.")
    object: str | None = strawberry.field(description="The CRM's object, such as contacts.")
    attribute: str | None = strawberry.field(description="The CRM's attribute.")
    owner: model.Owner = strawberry.field(
        description="Of a SYNCED field: SOURCE, or PROFILE whose changes are sent to the CRM."
    )


@strawberry.type(description="What a field is called in one language.", directives=[STRUCTURE])
class Translation:
    language: str = strawberry.field(description="Language tag (BCP 47).")
    label: str = strawberry.field(description="Name on screens.")
    description: str | None = strawberry.field(description="What it is for.")


@strawberry.type(description="How far a field's profiles are gone through.", directives=[STRUCTURE])
class FieldProgress:
    done: int = strawberry.field(description="Profiles that are done.")
    total: int = strawberry.field(description="Profiles in all, about.")
    failed: int = strawberry.field(description="Profiles whose value was left as it was.")
    examples: list[strawberry.ID] = strawberry.field(description="Ids of some that failed.")


@strawberry.type(description="A custom field as it is defined.", directives=[STRUCTURE])
class FieldDefinition:
    id: strawberry.ID = strawberry.field(description="Never changes, whatever the key.")
    key: str = strawberry.field(description="Name in queries; the field of CustomFields.")
    is_list: bool = strawberry.field(description="Whether it holds several values.")
    data_class: DataClass = strawberry.field(description="How sensitive its values are.")
    translations: list[Translation] = strawberry.field(description="Its names by language.")
    max_values: int | None = strawberry.field(description="Most values of a list.")
    is_required: bool = strawberry.field(
        description="Whether every identified profile has a value."
    )
    is_unique: bool = strawberry.field(description="Whether no two profiles have the same value.")
    is_searchable: bool = strawberry.field(
        description="Whether profiles can be filtered and sorted by it."
    )
    channels: list[Channel] = strawberry.field(
        description="Channels on which its values recognise the person."
    )
    position: int = strawberry.field(description="Place among the fields, from 1.")
    group: str | None = strawberry.field(description="Heading it is shown under.")
    needs_step_up: bool = strawberry.field(description="Whether reading it needs a second factor.")
    retention: str | None = strawberry.field(description="Class of retention.")
    source: FieldSource = strawberry.field(description="Where its values come from.")
    further_sources: list[FieldSource] = strawberry.field(
        description="More LIVE sources of its values, by their precedence."
    )
    rule: model.SourceRule = strawberry.field(
        name="sourceRule", description="Whose value counts where several sources have one."
    )
    version: int = strawberry.field(description="Counts the changes of this definition.")
    is_ready: bool = strawberry.field(
        description="False while values are converted or removed, or its index is made."
    )
    is_retired: bool = strawberry.field(
        description="Whether it is hidden; its values are kept unless it is purged."
    )
    is_purged: bool = strawberry.field(
        description="Whether its values are removed for good, all of them once it is ready."
    )
    purged_at: datetime | None = strawberry.field(description="When none of them was left.")
    defined_by: str | None = strawberry.field(description="Who made this version.")
    defined_at: datetime | None = strawberry.field(description="When they did.")

    @strawberry.field(description="What it holds.")
    def kind(self, root: Root) -> FieldKind:
        return FieldKind[root.kind]

    @strawberry.field(description="Name on screens, in a language or the nearest to it.")
    def label(self, root: Root, language: Language = None) -> str:
        return root.label_in(language)

    @strawberry.field(description="What it is for, in a language or the nearest to it.")
    def description(self, root: Root, language: Language = None) -> str | None:
        return root.description_in(language)

    @strawberry.field(description="What a CHOICE or CHOICES may be.")
    def choices(self, root: Root) -> list[str]:
        return list(root.facets.choices)

    @strawberry.field(description="Fewest characters.")
    def min_length(self, root: Root) -> int | None:
        return root.facets.min_length

    @strawberry.field(description="Most characters.")
    def max_length(self, root: Root) -> int | None:
        return root.facets.max_length

    @strawberry.field(description="Least value, included.")
    def min(self, root: Root) -> CustomValue | None:
        return _shown(root.facets.minimum)

    @strawberry.field(description="Greatest value, included.")
    def max(self, root: Root) -> CustomValue | None:
        return _shown(root.facets.maximum)

    @strawberry.field(description="What a text must match in whole, in the syntax of RE2.")
    def pattern(self, root: Root) -> str | None:
        return root.facets.pattern

    @strawberry.field(description="Value of new profiles that are given none.")
    def default(self, root: Root) -> CustomValue | None:
        return _shown(None if root.default is None else load_value(root, root.default))

    @strawberry.field(description="Only these roles may read it; null: the matrix alone decides.")
    def roles(self, root: Root) -> list[str] | None:
        return None if root.roles is None else sorted(root.roles)

    @strawberry.field(description="What it can be filtered by, once it is searchable.")
    def operators(self, root: Root) -> list[str]:
        return [operator.value for operator in operators_of(root)]

    @strawberry.field(description="How far its profiles are gone through; null when it is ready.")
    async def progress(self, root: Root, info: GatewayInfo) -> FieldProgress | None:
        if root.is_ready:
            return None
        found = await info.context.wiring.definitions.progress(info.context.principal.tenant)
        shown: Any = found.get(root.id)
        return shown  # type: ignore[no-any-return]  # the model object that FieldProgress shows

    @strawberry.field(description="Every version of it, the newest first.")
    async def history(self, root: Root, info: GatewayInfo) -> list["FieldDefinition"]:
        definitions, tenant = info.context.wiring.definitions, info.context.principal.tenant
        shown: Any = await definitions.history(tenant, root.id)
        return shown  # type: ignore[no-any-return]  # the model objects that FieldDefinition shows


@strawberry.type(
    description="A field that every profile has; it can't be changed or retired.",
    directives=[STRUCTURE],
)
class SystemField:
    key: str = strawberry.field(description="Name in queries.")
    kind: FieldKind = strawberry.field(description="What it holds.")
    label: str = strawberry.field(description="Name on screens.")
    data_class: DataClass = strawberry.field(description="How sensitive its values are.")


@strawberry.type(description="All custom fields of your tenant.", directives=[STRUCTURE])
class CustomerSchema:
    revision: int = strawberry.field(description="Grows with each change; 0: none yet.")
    fields: list[FieldDefinition] = strawberry.field(description="The fields, in order.")
    retired: list[FieldDefinition] = strawberry.field(description="Hidden fields, in order.")

    @strawberry.field(description="What every profile has whatever admins define.")
    def system_fields(self, info: GatewayInfo) -> list[SystemField]:
        visible = info.context.visible
        return [item for place, item in SYSTEM_FIELDS.items() if visible.knows(place)]


def _shown(value: object) -> CustomValue | None:
    return cast("CustomValue | None", plain(value))


SYSTEM_FIELDS = {
    place: SystemField(key=key, kind=FieldKind[kind], label=label, data_class=data_class)
    for place, key, kind, label, data_class in (
        ("PersonName.given", "givenName", "NAME", "Given names", DataClass.IDENTITY),
        ("PersonName.family", "familyName", "NAME", "Family name", DataClass.IDENTITY),
        ("Profile.birth_date", "birthDate", "DATE", "Date of birth", DataClass.DEMOGRAPHIC),
        ("Profile.gender", "gender", "STRING", "Gender", DataClass.DEMOGRAPHIC),
        ("Profile.language", "language", "STRING", "Language", DataClass.DEMOGRAPHIC),
    )
}
