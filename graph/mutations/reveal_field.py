import strawberry

from graph.context import GatewayInfo
from graph.errors import BadInput
from graph.model.audit import checked_text
from graph.revealing import LEAST_REASON, reveal_field, target_of
from graph.types.access import STRUCTURE
from graph.types.scalars import CustomValue


@strawberry.input(description="Which value to see in clear, and why.", directives=[STRUCTURE])
class RevealFieldInput:
    profile_id: strawberry.ID = strawberry.field(description="Present or former id.")
    field: str = strawberry.field(
        description=(
            "The field as a query of the profile names it: `identities.value`, `birthDate`,"
            " `custom.account`.  One at a time."
        )
    )
    item: int | None = strawberry.field(
        default=None,
        description="Which item of a list, from 0 as queries list it; all unless told.",
    )
    reason: str = strawberry.field(
        description="What for, for the record: 10 to 1,000 characters.  Name no values in it."
    )


@strawberry.type(description="A value in clear.", directives=[STRUCTURE])
class RevealFieldPayload:
    value: CustomValue | None = strawberry.field(
        description=(
            "The value as its kind writes it, or a list of those; null where there is none.  It is"
            " protected by the data class of its field, decided for each act."
        )
    )
    audit_id: strawberry.ID = strawberry.field(description="The event that recorded this.")


async def reveal_a_field(info: GatewayInfo, input: RevealFieldInput) -> RevealFieldPayload:
    """See one masked value in clear; it is recorded first."""
    reason = checked_text(input.reason, "reason", LEAST_REASON)
    target = target_of(input.field, info.context)
    if input.item is not None and (input.item < 0 or not target.is_list):
        raise BadInput("item: expected the place in a list, from 0.")
    found = await reveal_field(info.context, input.profile_id, target, input.item, reason)
    return RevealFieldPayload(value=found.value, audit_id=strawberry.ID(found.event))
