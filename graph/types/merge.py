"""Inputs and payloads of merges."""

import strawberry
from strawberry import UNSET

from graph.model import profile as model
from graph.types.access import STRUCTURE, access, exposes
from graph.types.history import MergeNote
from graph.types.inputs import IdentityNameInput
from graph.types.profile import Profile
from graph.types.scalars import CustomValues
from policies.classification import DataClass

_PREVIEW = "Only tell what would become of them; nothing is written."
_IF_VERSION = "Refuse with VERSION_MISMATCH when the surviving profile has another version."


@exposes(model.Profile)
@strawberry.input(
    description="Whose value survives, where the rules aren't to decide: an id of the two."
)
class MergeChoicesInput:
    name: strawberry.ID | None = strawberry.field(default=UNSET, description="Of the name.")
    birth_date: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Of the date of birth."
    )
    gender: strawberry.ID | None = strawberry.field(default=UNSET, description="Of the gender.")
    language: strawberry.ID | None = strawberry.field(default=UNSET, description="Of the language.")
    custom: CustomValues | None = strawberry.field(
        default=UNSET, description="Of custom fields: ids by key."
    )


@strawberry.input(
    description="Two profiles that are one person.", directives=[access(DataClass.PUBLIC)]
)
class MergeProfilesInput:
    survivor_id: strawberry.ID = strawberry.field(description="The profile that stays.")
    absorbed_id: strawberry.ID = strawberry.field(
        description="The profile that becomes part of it; its id answers with the other for ever."
    )
    choices: MergeChoicesInput | None = strawberry.field(
        default=UNSET, description="Whose values survive, where the rules aren't to decide."
    )
    if_version: int | None = strawberry.field(default=UNSET, description=_IF_VERSION)
    preview: bool = strawberry.field(default=False, description=_PREVIEW)


@strawberry.type(description="Two profiles that are one now.", directives=[STRUCTURE])
class MergeProfilesPayload:
    profile: Profile | None = strawberry.field(description="The surviving profile, with both.")
    merge: MergeNote | None = strawberry.field(
        description="Whose values survived; null where they were one profile already."
    )
    is_preview: bool = strawberry.field(description="Whether nothing was written.")


@strawberry.input(
    description="A profile that isn't the same person after all.",
    directives=[access(DataClass.PUBLIC)],
)
class UnmergeProfilesInput:
    absorbed_id: strawberry.ID = strawberry.field(
        description="The profile to take out of the one that absorbed it."
    )
    identities: list[IdentityNameInput] | None = strawberry.field(
        default=UNSET,
        description="Identities that came to the surviving profile later and go with it, too.",
    )
    if_version: int | None = strawberry.field(default=UNSET, description=_IF_VERSION)
    preview: bool = strawberry.field(default=False, description=_PREVIEW)


@strawberry.type(description="Two profiles that were one.", directives=[STRUCTURE])
class UnmergeProfilesPayload:
    profile: Profile | None = strawberry.field(
        description="The surviving profile: as it was, with what was written to it since."
    )
    restored: Profile | None = strawberry.field(
        description="The other: as it was, with its identities and links as they are now."
    )
    written_since: list[str] = strawberry.field(
        description="Attributes that were written after the merge: they stay with the survivor."
    )
    is_preview: bool = strawberry.field(description="Whether nothing was written.")
