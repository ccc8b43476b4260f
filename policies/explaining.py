"""Why a decision is as it is, which entry of the matrix says so, and what would change it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from policies.access.question import Question
from policies.asking import Asking, Assurance
from policies.decision import Action, Decision, Effect
from policies.matrix import Ceiling, Rights
from policies.plan import decide, decide_operation
from policies.standing import STRANGER, Purpose, Relation, Standing

_Situation = tuple[Asking, Standing]
_Change = tuple[Mapping[str, Any], Mapping[str, Any]]
_Told = tuple[tuple[str, _Change], ...]
_TOLD_RELATIONS: Final = {
    Relation.CONVERSATION: "a live conversation with the customer",
    Relation.BREAK_GLASS: "an emergency that is declared (break-glass)",
}
_TOLD_ASSURANCES: Final = {
    Assurance.SECOND_FACTOR: "a second factor at sign-in",
    Assurance.FRESH_SECOND_FACTOR: "a second factor of just now",
}
_RELATED: Final = {Relation.CONVERSATION: "in_conversation", Relation.BREAK_GLASS: "break_glass"}
BY_OPERATION: Final = "by_operation"
BY_HIDING: Final = "by_hiding"


@dataclass(frozen=True, slots=True)
class Explained:
    """A decision; the entry of the matrix (or argument of `@access`) that it follows; what helps.

    `helps` says, in words, what would give more: one of these would do, each by itself.
    """

    decision: Decision
    entry: str
    helps: tuple[str, ...] = ()


def explain(question: Question) -> Explained:
    """The decision of one question, explained."""

    def given(situation: _Situation) -> Effect:
        asking, standing = situation
        return decide(replace(question, asking=asking, standing=standing)).effect

    decision = decide(question)
    helps = _helps((question.asking, question.standing), decision.effect, given)
    return Explained(decision, _entry(question, decision), helps)


def explain_operation(name: str, asking: Asking) -> Explained:
    """Whether a root field may be called, explained."""
    decision = replace(decide_operation(name, asking), rule=BY_OPERATION)
    helps = _helps(
        (asking, STRANGER),
        decision.effect,
        lambda situation: decide_operation(name, situation[0]).effect,
    )
    return Explained(decision, _operation_entry(name, asking), helps)


def explain_hidden(asking: Asking, name: str) -> Explained:
    """Why a field or root field is unknown to somebody; nothing that they could do helps."""
    told = "none of these roles may know of it"
    decision = Decision(Effect.HIDE, told, "BAD_INPUT", BY_HIDING)
    entries = (_hiding(role, rights, name) for role, rights in _rights(asking))
    return Explained(decision, ", ".join(entries))


def supposed(asking: Asking, relation: Relation, *, has_consent: bool) -> Standing:
    """How somebody is supposed to stand to a customer; consent counts where it is asked for."""
    return Standing(relation, has_consent or not _consent(asking, asking.purpose))


def _consent(asking: Asking, purpose: Purpose) -> str | None:
    rule = asking.matrix.purposes.get(purpose)
    return rule.consent if rule else None


def _rights(asking: Asking) -> list[tuple[str, Rights]]:
    known = asking.matrix.roles
    return [(role, known[role]) for role in sorted(asking.principal.roles & known.keys())]


def _hiding(role: str, rights: Rights, name: str) -> str:
    own = rights.fields.get(name)
    return f'roles.{role}.fields."{name}"' if own and own.is_hidden else f"roles.{role}.hides"


def _entry(question: Question, decision: Decision) -> str:
    asking, label = question.asking, question.label
    if decision.rule == "by_role":
        return _role_entry(question, decision)
    purpose = asking.purpose
    is_own = label.purposes is not None and purpose not in label.purposes
    entries = {
        "by_field_roles": "@access(roles:)",
        "by_second_factor": _second_factors(asking),
        "by_fresh_second_factor": (
            "@access(stepUp:)" if label.needs_step_up else "assurance.actions"
        ),
        "by_purpose": "@access(purposes:)" if is_own else f"purposes.{purpose.value}.classes",
        "by_consent": f"purposes.{purpose.value}.consent",
        "by_client": _ceiling_entry(asking, "classes", label.data_class),
    }
    return entries.get(decision.rule, decision.rule)


def _ceiling_entry(asking: Asking, part: str, wanted: object) -> str:
    """Where a ceiling stands that leaves something out."""
    client = asking.principal.client
    allowed = getattr(asking.matrix.ceilings.get(client or "", Ceiling()), part)
    return f"clients.{client}.{part}" if allowed is not None and wanted not in allowed else "scopes"


def _role_entry(question: Question, decision: Decision) -> str:
    """Where the roles' rights stand; what isn't listed there is denied."""
    found = [
        _right_entry(question, role, rights)
        for role, rights in _rights(question.asking)
        if decision.is_denied or _effect(question, rights) is decision.effect
    ]
    return ", ".join(found if decision.is_denied else found[:1]) or "roles"


def _effect(question: Question, rights: Rights) -> Effect:
    data_class, relation = question.label.data_class, question.standing.relation
    return rights.effect(question.action, data_class, question.name, relation)


def _right_entry(question: Question, role: str, rights: Rights) -> str:
    action, data_class = question.action, question.label.data_class
    if question.name and question.name in rights.fields:
        return f'roles.{role}.fields."{question.name}"'
    held, given = rights.given.effect(action, data_class), rights.given
    more, place = rights.related.get(question.standing.relation), f"roles.{role}"
    if more and more.effect(action, data_class) < held:
        given, place = more, f"{place}.{_RELATED[question.standing.relation]}"
    is_masked = action is Action.READ and data_class in given.mask
    return f"{place}.{'mask' if is_masked else action.value.lower()} {data_class.value}"


def _second_factors(asking: Asking) -> str:
    demanding = (role for role, rights in _rights(asking) if rights.second_factor)
    return ", ".join(f"roles.{role}.second_factor" for role in demanding)


def _operation_entry(name: str, asking: Asking) -> str:
    allowed = asking.ceiling.operations
    if allowed is not None and name not in allowed:
        return _ceiling_entry(asking, "operations", name)
    decision = decide_operation(name, asking)
    if decision.code != "STEP_UP_REQUIRED":
        return f"operations.{name}"
    is_fresh = name in asking.matrix.assurances.fresh_operations
    return "assurance.operations" if is_fresh else _second_factors(asking)


def _helps(
    here: _Situation, effect: Effect, given: Callable[[_Situation], Effect]
) -> tuple[str, ...]:
    """What of the situation would have to be otherwise for more to be given: one thing, or two."""
    if effect is Effect.ALLOW:
        return ()
    others = list(_others(*here))
    sure = [one for one in others if "assurance" in one[1][0]]
    alone: list[_Told] = [(one,) for one in others]
    together: list[_Told] = [(one, other) for one in sure for other in others if other not in sure]
    for ways in (alone, together):
        found = [
            " and ".join(told for told, _ in chosen)
            for chosen in ways
            if given(_changed(here, (change for _, change in chosen))) < effect
        ]
        if found:
            return _least(found)
    return ()


def _least(found: list[str]) -> tuple[str, ...]:
    """Without a second factor of just now where any second factor does."""
    any_, fresh = _TOLD_ASSURANCES.values()
    return tuple(one for one in found if fresh not in one or one.replace(fresh, any_) not in found)


def _others(asking: Asking, standing: Standing) -> Iterator[tuple[str, _Change]]:
    """What may be otherwise, in words, and how the situation is then."""
    for assurance, told in _TOLD_ASSURANCES.items():
        if assurance > asking.assurance:
            yield told, ({"assurance": assurance}, {})
    for relation, told in _TOLD_RELATIONS.items():
        if relation is not standing.relation:
            yield told, ({}, {"relation": relation})
    for purpose in dict.fromkeys(one for _, held in _rights(asking) for one in held.purposes):
        if purpose is not asking.purpose:
            is_free = standing.has_consent or not _consent(asking, purpose)
            yield (
                f"the purpose {purpose.value}",
                ({"purpose": purpose}, {"has_consent": is_free}),
            )
    if not standing.has_consent:
        yield f"the customer's consent to {asking.purpose.value}", ({}, {"has_consent": True})
    if asking.ceiling != Ceiling():
        yield "a client or a token without this ceiling", ({"ceiling": Ceiling()}, {})


def _changed(here: _Situation, changes: Iterable[_Change]) -> _Situation:
    asking, standing = here
    for of_asking, of_standing in changes:
        asking, standing = replace(asking, **of_asking), replace(standing, **of_standing)
    return asking, standing
