"""One masked value in clear, as an act of its own: decided, recorded, and only then opened."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from graph.context import Context
from graph.errors import BadInput, ErrorCode, Forbidden, NotFound, refusal_message
from graph.kinds.plain import plain
from graph.kinds.values import holds_list, loaded
from graph.model.audit import AuditAction, AuditEvent
from graph.model.consent import Consent
from graph.model.custom_field import FieldDefinition
from graph.model.identity import Identity
from graph.model.preference import Preferences
from graph.model.profile import Link, PersonName, Profile
from graph.plan import DocumentPlan
from graph.readable import readable
from graph.views import View
from policies.access.question import Question
from policies.decision import Action, Decision
from policies.opening import decide_opening, opened
from policies.plan import hidden_fields
from policies.reveal import reveal, reveal_value
from policies.standing import Standing

LEAST_REASON: Final = 10
_CUSTOM: Final = "custom."
_UNKNOWN: Final = "field: expected a field as queries name it, such as identities.value."
_PARTS: Final[Mapping[str, type[Any]]] = {
    "name": PersonName,
    "identities": Identity,
    "links": Link,
    "consents": Consent,
    "preferences": Preferences,
}
_LISTS: Final = frozenset({"identities", "links", "consents"})
# The attributes that lead to each field of the core, by its path in a query.
_CORE: Final[Mapping[str, tuple[str, ...]]] = {
    "name.given": ("name", "given"),
    "name.family": ("name", "family"),
    "birthDate": ("birth_date",),
    "gender": ("gender",),
    "language": ("language",),
    "identities.value": ("identities", "value"),
    "links.recordId": ("links", "record_id"),
    "consents.proof": ("consents", "proof"),
    "preferences.language": ("preferences", "language"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be revealed: the attributes that lead to it, and their coordinates."""

    steps: tuple[str, ...]
    path: tuple[str, ...]
    definition: FieldDefinition | None = None

    @property
    def is_list(self) -> bool:
        """Whether the profile has several of it."""
        return holds_list(self.definition) if self.definition else self.steps[0] in _LISTS


@dataclass(frozen=True, slots=True)
class Revealed:
    """A value as JSON has it, or None where there is none; and the event that recorded it."""

    value: Any
    event: str


def target_of(field: str, context: Context) -> Target:
    """The field of this path in queries, such as `identities.value` or `custom.account`.

    Raises:
        BadInput: there is none, or none that the asker knows of.
    """
    target = _named(field, context)
    # Whoever doesn't know what a field is part of doesn't know the field.
    labels = {place: context.facts.labels[place] for place in target.path} if target else {}
    if target is None or hidden_fields(labels, context.asking, context.facts.names):
        raise BadInput(_UNKNOWN)
    return target


def _named(field: str, context: Context) -> Target | None:
    if steps := _CORE.get(field):
        part = _PARTS.get(steps[0])
        below = (f"{part.__name__}.{steps[1]}",) if part else ()
        return Target(steps, (f"Profile.{steps[0]}", *below))
    key = field.removeprefix(_CUSTOM) if field.startswith(_CUSTOM) else ""
    definition = context.plan.customer_schema.by_key.get(key)
    if definition is None:
        return None
    return Target(("custom",), ("Profile.custom", definition.coordinate), definition)


async def reveal_field(
    context: Context, profile_id: str, target: Target, item: int | None, reason: str
) -> Revealed:
    """The value of a field in clear; the act is recorded before the value is read.

    `item` is the place in a list, from 0; None: the whole list.

    Raises:
        NotFound: no such profile.
        Forbidden: the asker may not; this is recorded as well.
        AuditUnavailable: it can't be recorded, so nothing is read.
        Erased, Damaged, SourceError: the value can't be had.
    """
    profile, standing = await present_profile(context, profile_id)
    access = context.views.by_standing(standing).plan.access
    coordinate = target.path[-1]
    label, name = context.facts.labels[coordinate], context.facts.names[coordinate]
    question = Question(context.asking, Action.REVEAL, label, name, standing)
    decision = decide_opening(question, target.path, access)
    event = await context.recorder.record(_act(profile.id, standing, name, decision, reason))
    if decision.is_denied:
        raise Forbidden(_refusal(decision), decision, name)
    plan = DocumentPlan(opened(access, target.path, decision), context.plan.customer_schema)
    plan.attributes.update({target.steps[0], ".".join(target.steps)} - {"custom"})
    if target.definition:
        plan.fetch(target.definition)
    view = View(standing, plan, context.live(plan.live.values()))
    context.views.add(view)
    return Revealed(plain(_chosen(await _value(context, profile.id, target, view), item)), event)


async def present_profile(context: Context, id: str) -> tuple[Profile, Standing]:
    """The profile that this id stands for now, without anything of it, and how the asker stands.

    Raises:
        NotFound: it is absent, or out of the asker's scope.
    """
    scope = context.plan.access.scope
    (found,) = await context.wiring.profiles.get_many([id], scope, frozenset())
    if found is None:
        raise NotFound("There is no such profile.")
    (standing,) = await context.standings.of([found.id])
    return found, standing


def _act(
    profile_id: str, standing: Standing, name: str, decision: Decision, reason: str
) -> AuditEvent:
    return AuditEvent(
        action=AuditAction.REVEAL,
        profile_id=profile_id,
        relation=standing.relation,
        clear=() if decision.is_denied else (name,),
        withheld=(name,) if decision.is_denied else (),
        reason=reason,
    )


def _refusal(decision: Decision) -> str:
    """What the asker is told: not the reason, which may speak of the customer."""
    is_step_up = decision.code == ErrorCode.STEP_UP_REQUIRED.value
    return refusal_message(decision) if is_step_up else "You may not reveal this field."


async def _value(context: Context, id: str, target: Target, view: View) -> Any:  # noqa: ANN401 - of any kind
    access = view.plan.access
    (stored,) = await context.wiring.profiles.get_many([id], access.scope, view.attributes)
    if stored is None:
        raise NotFound("There is no such profile.")
    definition = target.definition
    if definition and definition.is_live:
        links = stored.links or ()
        found = await view.live.read(definition, stored.id, links)
        if found.error:
            raise found.error
        return reveal_value(found.value, definition.coordinate, access)
    custom = loaded(stored.custom or {}, view.plan.customer_schema)
    shown = reveal(replace(stored, custom=custom), access)
    if definition:
        return readable((shown.custom or {}).get(definition.id))
    return _led_to(shown, target.steps)


def _led_to(profile: Profile, steps: tuple[str, ...]) -> Any:  # noqa: ANN401 - of any kind
    value = readable(getattr(profile, steps[0]))
    for step in steps[1:]:
        if isinstance(value, tuple):
            value = tuple(readable(getattr(one, step)) for one in value)
        elif value is not None:
            value = readable(getattr(value, step))
    return value


def _chosen(value: Any, item: int | None) -> Any:  # noqa: ANN401 - of any kind
    """The item that is meant; None where there is nothing."""
    if isinstance(value, tuple):
        if item is not None:
            return value[item] if item < len(value) else None
        return value or None
    return value
