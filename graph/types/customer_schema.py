"""The customer schema: the fields a tenant's admins defined."""

import strawberry

from graph.kinds.table import KINDS
from graph.model import custom_field as model
from graph.types.access import STRUCTURE
from policies.classification import DataClass


@strawberry.type(description="Where a custom field's values come from.", directives=[STRUCTURE])
class FieldSource:
    kind: model.SourceKind = strawberry.field(
        description="LOCAL: in the profile; SYNCED: copied from a CRM; LIVE: asked of it."
    )
    connector: str | None = strawberry.field(description="Name of the CRM source.")
    object: str | None = strawberry.field(description="The CRM's object, such as contacts.")
    attribute: str | None = strawberry.field(description="The CRM's attribute.")


@strawberry.type(description="A custom field as it is defined.", directives=[STRUCTURE])
class FieldDefinition:
    key: str = strawberry.field(description="Name in queries; the field of CustomFields.")
    label: str = strawberry.field(description="Name on screens.")
    description: str | None = strawberry.field(description="What it is for.")
    kind: str = strawberry.field(description=f"One of {', '.join(KINDS)}.")
    data_class: DataClass = strawberry.field(description="How sensitive its values are.")
    choices: list[str] = strawberry.field(description="What a CHOICE may be.")
    source: FieldSource = strawberry.field(description="Where its values come from.")
    version: int = strawberry.field(description="Counts the changes of this definition.")


@strawberry.type(description="All custom fields of your tenant.", directives=[STRUCTURE])
class CustomerSchema:
    revision: int = strawberry.field(description="Grows with each change; 0: none yet.")
    fields: list[FieldDefinition] = strawberry.field(description="The fields, in order.")
