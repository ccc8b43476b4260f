import strawberry

from graph.context import GatewayInfo
from graph.model import label as model
from graph.model.profile import Profile
from graph.types.access import STRUCTURE, access, speaks_of
from graph.types.inputs import sent
from graph.types.payloads import ProfilePayload, answer
from policies.classification import DataClass

_LABELS = frozenset({"labels"})


@speaks_of(model.Label)
@strawberry.input(
    description="A label of a profile.  Who may call this may name any.", directives=[STRUCTURE]
)
class LabelNameInput:
    profile_id: strawberry.ID = strawberry.field(description="The profile.")
    name: str = strawberry.field(description="The label; case and accents don't tell it apart.")
    if_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Refuse with VERSION_MISMATCH when the profile has another version.",
    )


@strawberry.input(description="A label for a profile.", directives=[STRUCTURE])
class AddLabelInput(LabelNameInput):
    origin: model.LabelOrigin | None = strawberry.field(
        default=strawberry.UNSET,
        description="Who puts it there; an agent unless told.",
        directives=[access(DataClass.INTERNAL)],
    )


@strawberry.input(description="A label that a profile loses.", directives=[STRUCTURE])
class RemoveLabelInput(LabelNameInput):
    pass


async def add_label(info: GatewayInfo, input: AddLabelInput) -> ProfilePayload:
    """Put a label on a profile; one that is there already stays as it is."""
    principal = info.context.principal
    new = model.Label(
        name=model.checked_label(input.name),
        origin=sent(input.origin) or model.LabelOrigin.AGENT,
        at=info.context.wiring.now(),
        source=info.context.author.source,
        by=principal.subject,
    )

    def revise(profile: Profile) -> dict[str, object]:
        held = profile.labels or ()
        then = model.labelled(held, new)
        return {} if then is held else {"labels": then}

    await info.context.wiring.profiles.revise(
        input.profile_id,
        _LABELS,
        revise,
        info.context.plan.access.scope,
        sent(input.if_version),
        info.context.author,
    )
    return await answer(info, input.profile_id)


async def remove_label(info: GatewayInfo, input: RemoveLabelInput) -> ProfilePayload:
    """Take a label off a profile; nothing where it hasn't got it."""
    name = model.checked_label(input.name)

    def revise(profile: Profile) -> dict[str, object]:
        held = profile.labels or ()
        then = model.unlabelled(held, name)
        return {} if len(then) == len(held) else {"labels": then}

    await info.context.wiring.profiles.revise(
        input.profile_id,
        _LABELS,
        revise,
        info.context.plan.access.scope,
        sent(input.if_version),
        info.context.author,
    )
    return await answer(info, input.profile_id)
