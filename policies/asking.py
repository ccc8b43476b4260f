"""Who asks, what for and how sure we are of them: the same for a whole request."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from policies.decision import Decision, Effect
from policies.matrix import Ceiling, Matrix
from policies.principal import Principal
from policies.standing import Purpose, Relation


class Assurance(IntEnum):
    """How sure we are that somebody is who they say."""

    PASSWORD = 0
    SECOND_FACTOR = 1
    FRESH_SECOND_FACTOR = 2


@dataclass(frozen=True, slots=True)
class Asking:
    """A request as policies see it.  `ceiling` is what its client and its token's scopes allow."""

    principal: Principal
    matrix: Matrix
    purpose: Purpose
    assurance: Assurance
    ceiling: Ceiling

    @property
    def key(self) -> tuple[object, ...]:
        """Two requests of one key get the same decisions."""
        matrix, principal = self.matrix, self.principal
        return (
            *(principal.tenant, principal.roles, self.purpose, self.assurance, self.ceiling),
            *(matrix.version, matrix.revision),
        )

    @property
    def known_roles(self) -> frozenset[str]:
        """The principal's roles that the matrix knows."""
        return self.principal.roles & self.matrix.roles.keys()

    @property
    def relations(self) -> frozenset[Relation]:
        """The relations by which a role of the principal has rights."""
        rights = self.matrix.roles
        return frozenset(way for role in self.known_roles for way in rights[role].related)

    @property
    def consent(self) -> str | None:
        """What customers must have consented to for this purpose; None: to nothing."""
        rule = self.matrix.purposes.get(self.purpose)
        return rule.consent if rule else None

    @property
    def may_vouch(self) -> bool:
        """Whether the principal's word links an agent to a customer."""
        return bool(self.principal.roles & self.matrix.conversations.told_by)


def asking_of(
    principal: Principal, matrix: Matrix, now: float, purpose: Purpose | None = None
) -> Asking:
    """A request of this principal at `now`, in seconds since 1970; raises for nothing.

    Whether they may say this purpose is told by `decide_purpose`.
    """
    return Asking(
        principal,
        matrix,
        purpose or _usual_purpose(principal, matrix),
        _assurance(principal, matrix, now),
        _ceiling(principal, matrix),
    )


def decide_purpose(asking: Asking) -> Decision:
    """Whether a role of the principal may ask for this purpose.

    Whose roles nobody knows gets nothing anyway, and is told so of each field.
    """
    purpose, rights, roles = asking.purpose, asking.matrix.roles, asking.known_roles
    if not roles:
        return Decision(Effect.ALLOW, "no role of yours is known")
    for role in sorted(roles):
        if purpose in rights[role].purposes:
            return Decision(Effect.ALLOW, f"role {role} may ask for {purpose.value}")
    return Decision(Effect.DENY, f"no role of yours may ask for {purpose.value}", "FORBIDDEN")


def _usual_purpose(principal: Principal, matrix: Matrix) -> Purpose:
    for role in sorted(principal.roles & matrix.roles.keys()):
        if purposes := matrix.roles[role].purposes:
            return purposes[0]
    return Purpose.SERVICE


def _assurance(principal: Principal, matrix: Matrix, now: float) -> Assurance:
    if not principal.has_second_factor:
        return Assurance.PASSWORD
    signed_in = principal.authenticated_at
    if signed_in is None or now - signed_in > matrix.assurances.fresh_s:
        return Assurance.SECOND_FACTOR
    return Assurance.FRESH_SECOND_FACTOR


def _ceiling(principal: Principal, matrix: Matrix) -> Ceiling:
    """The client's ceiling, narrowed to what the token's scopes allow together.

    Scopes that the matrix doesn't know say nothing.
    """
    of_client = matrix.ceilings.get(principal.client or "", Ceiling())
    known = [matrix.scopes[scope] for scope in sorted(principal.scopes & matrix.scopes.keys())]
    if not known:
        return of_client
    return Ceiling(
        _narrowed(of_client.classes, _joined(one.classes for one in known)),
        _narrowed(of_client.operations, _joined(one.operations for one in known)),
    )


def _joined(sets: Iterable[frozenset[Any] | None]) -> frozenset[Any] | None:
    found = list(sets)
    if any(one is None for one in found):
        return None
    return frozenset().union(*(one for one in found if one is not None))


def _narrowed(one: frozenset[Any] | None, other: frozenset[Any] | None) -> frozenset[Any] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other
