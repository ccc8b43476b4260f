"""Who may be one person, for one asker: only what they may see is compared and explained."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graph.context import Context
from graph.kinds.comparison import compared
from graph.model.comparison import Level, Measure
from graph.model.custom_field import CustomerSchema
from graph.model.match_weights import (
    LEAST_SCORE,
    Agreement,
    Judgement,
    MatchWeights,
    judged,
)
from graph.model.profile import Profile
from graph.model.traits import BIRTH, FAMILY, GIVEN, traits_of
from policies.decision import Effect
from policies.plan import AccessPlan

_IDENTITIES: Final = ("identities", "identities.value")
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    GIVEN: ("Profile.name", "PersonName.given"),
    FAMILY: ("Profile.name", "PersonName.family"),
    BIRTH: ("Profile.birth_date",),
    **dict.fromkeys(("phone", "email", "account"), ("Profile.identities", "Identity.value")),
}
_SHOWN: Final = {BIRTH: "birthDate"}
_CUSTOM: Final = "custom."


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A profile that may be the same person; `profile` is revealed, or None where it is gone."""

    profile: Any
    score: float
    weight: float
    agreements: tuple[Agreement, ...]


def may_suggest(access: AccessPlan) -> bool:
    """Whether the asker may be told of possible duplicates."""
    return access.effect("Profile.suggestions") is not Effect.DENY


async def suggestions_of(context: Context, id: str, first: int) -> list[Suggestion] | None:
    """Profiles that may be the same person as one, the likeliest first; None where withheld."""
    if not may_suggest(context.plan.access):
        return None
    scope, matches = context.plan.access.scope, context.wiring.matches
    found = await matches.near(id, scope, _attributes(context))
    return await _judged(context, found[0], found[1:], first) if found else []


async def shown(context: Context, id: str, judgement: Judgement) -> Suggestion:
    """A suggestion of a profile, as far as its asker may see it."""
    profile = await context.profiles.load(id)
    return Suggestion(
        profile,
        judgement.score,
        judgement.weight,
        tuple(_named(one, context.plan.customer_schema) for one in judgement.agreements),
    )


def explained(levels: Mapping[str, Level], weights: MatchWeights, context: Context) -> Judgement:
    """What levels that were kept weigh, of those attributes that the asker may see."""
    schema, access = context.plan.customer_schema, context.plan.access
    measures = measures_of(schema)
    return judged(
        weights.prior,
        [
            Agreement(name, level, weights.weight(name, measures[name], level))
            for name, level in sorted(levels.items())
            if name in measures and _is_open(name, schema, access)
        ],
    )


def is_all_open(context: Context) -> bool:
    """Whether the asker may see everything that is compared."""
    schema, access = context.plan.customer_schema, context.plan.access
    return all(_is_open(name, schema, access) for name in measures_of(schema))


def measures_of(schema: CustomerSchema) -> dict[str, Measure]:
    """How each attribute is compared."""
    core = dict.fromkeys((GIVEN, FAMILY), Measure.NAME) | {BIRTH: Measure.DATE}
    core |= {"phone": Measure.PHONE, "email": Measure.EMAIL, "account": Measure.TEXT}
    return core | {f"{_CUSTOM}{name}": one for name, one in compared(schema).items()}


async def _judged(
    context: Context, own: Profile, others: list[Profile], first: int
) -> list[Suggestion]:
    access, schema = context.plan.access, context.plan.customer_schema
    weights = await context.wiring.matches.weights(access.scope)
    fields, open_names = compared(schema), list(_open(schema, access))
    traits = traits_of(own, fields).only(open_names)
    judgements = {
        one.id: weights.judge(traits, traits_of(one, fields).only(open_names)) for one in others
    }
    likely = [(-one.weight, key) for key, one in judgements.items() if one.score >= LEAST_SCORE]
    best = [key for _, key in sorted(likely)[:first]]
    return list(await asyncio.gather(*(shown(context, key, judgements[key]) for key in best)))


def _attributes(context: Context) -> set[str]:
    """What to read and open for a comparison: nothing that the asker may not see."""
    found: set[str] = set()
    for name in _open(context.plan.customer_schema, context.plan.access):
        found.update(_IDENTITIES if name in {"phone", "email", "account"} else (name,))
    return found


def _open(schema: CustomerSchema, access: AccessPlan) -> Iterator[str]:
    return (name for name in measures_of(schema) if _is_open(name, schema, access))


def _is_open(name: str, schema: CustomerSchema, access: AccessPlan) -> bool:
    """Whether an attribute may be compared for the asker; a mask hides a value, not its use."""
    needed = _NEEDS.get(name)
    if needed is None:
        needed = (schema.by_storage[name.removeprefix(_CUSTOM)].coordinate,)
    return all(access.effect(one) is not Effect.DENY for one in needed)


def _named(agreement: Agreement, schema: CustomerSchema) -> Agreement:
    """An agreement whose attribute is called as clients call it."""
    name = agreement.attribute
    if name.startswith(_CUSTOM):
        name = _CUSTOM + schema.by_storage[name.removeprefix(_CUSTOM)].key
    return Agreement(_SHOWN.get(name, name), agreement.level, agreement.weight)
