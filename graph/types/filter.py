"""Filters of `profiles`: typed, and each labelled as what it tells about a person."""

from collections.abc import Iterator
from datetime import datetime

import strawberry
from strawberry import UNSET

from graph.model.filter import Condition, Operator, folded
from graph.model.profile import Profile, ProfileState
from graph.types.access import STRUCTURE, access, exposes
from policies.classification import DataClass

_OPERATORS = {
    "equals": Operator.EQUALS,
    "in_": Operator.IN,
    "starts_with": Operator.STARTS_WITH,
    "gte": Operator.GTE,
    "lt": Operator.LT,
}


@strawberry.input(description="Compares an id.", directives=[STRUCTURE])
class IdFilter:
    in_: list[strawberry.ID] | None = strawberry.field(
        name="in", default=UNSET, description="Is one of these."
    )


@strawberry.input(description="Compares a state.", directives=[STRUCTURE])
class ProfileStateFilter:
    equals: ProfileState | None = strawberry.field(default=UNSET, description="Is this.")
    in_: list[ProfileState] | None = strawberry.field(
        name="in", default=UNSET, description="Is one of these."
    )


@strawberry.input(description="Compares a code such as a language tag.", directives=[STRUCTURE])
class CodeFilter:
    equals: str | None = strawberry.field(default=UNSET, description="Is this.")
    in_: list[str] | None = strawberry.field(
        name="in", default=UNSET, description="Is one of these."
    )


@strawberry.input(description="Compares a name, without case and accents.", directives=[STRUCTURE])
class NameFilter:
    equals: str | None = strawberry.field(default=UNSET, description="Is this.")
    starts_with: str | None = strawberry.field(default=UNSET, description="Begins with this.")


@strawberry.input(description="Compares an instant.", directives=[STRUCTURE])
class InstantFilter:
    gte: datetime | None = strawberry.field(default=UNSET, description="At this instant or later.")
    lt: datetime | None = strawberry.field(default=UNSET, description="Before this instant.")


@exposes(Profile)
@strawberry.input(description="Narrows a list of profiles; all that is given must hold.")
class ProfileFilter:
    id: IdFilter | None = strawberry.field(default=UNSET, description="By id.")
    state: ProfileStateFilter | None = strawberry.field(default=UNSET, description="By state.")
    language: CodeFilter | None = strawberry.field(default=UNSET, description="By language tag.")
    given_name: NameFilter | None = strawberry.field(
        default=UNSET,
        description="By given names.",
        directives=[access(DataClass.IDENTITY)],
    )
    family_name: NameFilter | None = strawberry.field(
        default=UNSET,
        description="By family name.",
        directives=[access(DataClass.IDENTITY)],
    )
    created_at: InstantFilter | None = strawberry.field(
        default=UNSET, description="By when the profile was created."
    )
    updated_at: InstantFilter | None = strawberry.field(
        default=UNSET, description="By when it was last changed."
    )


_ATTRIBUTES = {"given_name": "name.given", "family_name": "name.family"}


def conditions(where: ProfileFilter | None) -> tuple[Condition, ...]:
    """The conditions a filter stands for, in the order of its fields."""
    if where is None:
        return ()
    return tuple(
        Condition(_ATTRIBUTES.get(attribute, attribute), operator, value)
        for attribute, part in vars(where).items()
        if part
        for operator, value in _comparisons(part)
    )


def _comparisons(part: object) -> Iterator[tuple[Operator, object]]:
    for name, value in vars(part).items():
        if value is UNSET or value is None:
            continue
        yield _OPERATORS[name], folded(value) if isinstance(part, NameFilter) else value
