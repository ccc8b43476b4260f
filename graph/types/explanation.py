"""Why somebody sees what they see, as clients see it."""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from typing import Any, Final

import strawberry
from strawberry import UNSET

from graph.context import Context
from graph.errors import BadInput, Forbidden
from graph.explain import explain_document
from graph.explained import Outcome, Part
from graph.types.access import STRUCTURE
from graph.types.inputs import sent
from policies.asking import Asking, asking_of
from policies.classification import DataClass
from policies.decision import Effect
from policies.explaining import supposed
from policies.matrix import ROLES
from policies.plan import decide_operation
from policies.standing import Purpose, Relation

_OF_OTHERS: Final = "explainAccess.as"

strawberry.enum(Part, name="AccessPart", description="What of a request a decision is about.")
strawberry.enum(
    Outcome,
    name="AccessOutcome",
    description=(
        "What somebody gets.  CALL, READ, WRITE, FILTER and SORT: what they ask for; MASKED: a mask"
        " of the value; DENIED: an error; STEP_UP: an error until they sign in with a second"
        " factor; HIDDEN: it is unknown to them."
    ),
)


@strawberry.enum(description="How somebody has signed in.")
class SecondFactor(Enum):
    """How sure we are of somebody."""

    NONE = "NONE"
    YES = "YES"
    FRESH = "FRESH"


@strawberry.input(
    description=(
        "Who is to be asked about; what isn't sent is as for yourself.  To name roles or a client"
        " takes a right of its own."
    ),
    directives=[STRUCTURE],
)
class AccessSubject:
    roles: list[str] | None = strawberry.field(default=UNSET, description="Their roles.")
    second_factor: SecondFactor | None = strawberry.field(
        default=UNSET, description="Whether they signed in with a second factor, and when."
    )
    purpose: Purpose | None = strawberry.field(
        default=UNSET, description="What they ask for; the usual purpose of their roles."
    )
    relation: Relation | None = strawberry.field(
        default=UNSET, description="What links them to the customer; nothing unless told."
    )
    client: str | None = strawberry.field(default=UNSET, description="The client that they use.")
    has_consent: bool = strawberry.field(
        default=True, description="Whether the customer has consented to the purpose."
    )


@strawberry.type(
    description="What somebody gets of one part of a document, and why.", directives=[STRUCTURE]
)
class ExplainedPart:
    part: Part = strawberry.field(description="What it is about.")
    path: str = strawberry.field(
        description="Where in the answer, or `field(input.path)` of an input; without indices."
    )
    name: str = strawberry.field(description="What the schema calls it.")
    data_class: DataClass | None = strawberry.field(description="How sensitive it is.")
    outcome: Outcome = strawberry.field(description="What they get.")
    reason: str = strawberry.field(description="Why, in a sentence.")
    rule: str | None = strawberry.field(description="The policy that says so.")
    entry: str | None = strawberry.field(
        description="Where it stands: an entry of the matrix, or an argument of `@access`."
    )
    helps: list[str] = strawberry.field(description="What would give more, each by itself.")
    code: str | None = strawberry.field(description="The code of the error, where there is one.")


@strawberry.type(
    description="What somebody gets of a document.  No data is read for it.",
    directives=[STRUCTURE],
)
class AccessExplanation:
    roles: list[str] = strawberry.field(description="The roles that were asked about.")
    purpose: Purpose = strawberry.field(description="The purpose that was assumed.")
    second_factor: SecondFactor = strawberry.field(description="The sign-in that was assumed.")
    relation: Relation = strawberry.field(description="The relation that was assumed.")
    parts: list[ExplainedPart] = strawberry.field(
        description=(
            "Root fields, inputs that are protected, and fields, in the order of the document;"
            " every branch of `@skip` and `@include`, and all that a variable may hold."
        )
    )


def explanation(context: Context, text: str, given: AccessSubject | None) -> AccessExplanation:
    """What a document gives to the asker, or to whom they name.

    Raises:
        Forbidden: they may not ask about others.
        BadInput: the document can't be executed, or there is no such role.
    """
    subject = _subject(context, given) if given else context.asking
    relation = (sent(given.relation) if given else None) or Relation.NONE
    standing = supposed(subject, relation, has_consent=given.has_consent if given else True)
    parts: Sequence[Any] = explain_document(
        context.schema, context.visible, text, subject, standing
    )
    return AccessExplanation(
        roles=sorted(subject.principal.roles),
        purpose=subject.purpose,
        second_factor=tuple(SecondFactor)[subject.assurance],
        relation=relation,
        parts=list(parts),
    )


def _subject(context: Context, given: AccessSubject) -> Asking:
    roles, client = sent(given.roles), sent(given.client)
    asking, principal = context.asking, context.asking.principal
    if roles is not None or client is not None:
        decision = decide_operation(_OF_OTHERS, asking)
        if decision.effect is not Effect.ALLOW:
            raise Forbidden(f"{decision.reason}.", decision, f"Query.{_OF_OTHERS}")
        principal = replace(principal, scopes=frozenset())
    if roles is not None:
        if not ROLES.issuperset(roles):
            raise BadInput(f"as.roles: expected some of {', '.join(sorted(ROLES))}.")
        principal = replace(principal, roles=frozenset(roles))
    now = context.wiring.now().timestamp()
    if factor := sent(given.second_factor):
        principal = replace(
            principal,
            has_second_factor=factor is not SecondFactor.NONE,
            authenticated_at=now if factor is SecondFactor.FRESH else None,
        )
    if client is not None:
        principal = replace(principal, client=client)
    purpose = sent(given.purpose) or (asking.purpose if roles is None else None)
    return asking_of(principal, asking.matrix, now, purpose)
