"""Documents and questions that tests of recorded acts share."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.auth.development import DevelopmentIssuer
from tests.support.gateway import Caller, TestGateway

REASON = "the caller asks which number we have"
EMERGENCY = "the customer is unconscious, their family calls"
REVEAL = """
mutation Show($input: RevealFieldInput!) { revealField(input: $input) { value auditId } }
"""
BREAK = """
mutation ($input: BreakGlassInput!) {
  breakGlass(input: $input) { grant { id profileId at until } }
}
"""
REVIEWS = """
query ($first: Int, $after: String) {
  breakGlassReviews(first: $first, after: $after) {
    totalCount
    edges { node { id profileId by reason ticket verdict event } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
REVIEW = """
mutation ($input: ReviewBreakGlassInput!) {
  reviewBreakGlass(input: $input) {
    grant { id verdict note reviewedBy reviewedAt reviewEvent }
  }
}
"""
EVENTS = """
query ($profileId: ID, $actor: ID, $first: Int, $after: String) {
  auditEvents(profileId: $profileId, actor: $actor, first: $first, after: $after) {
    totalCount
    edges {
      cursor
      node {
        id at action profileId actor client roles clear masked withheld reason ticket note grantId
        verdict purpose relation assurance matrixVersion matrixRevision operation documentHash
      }
    }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}
"""
CONTACTS = "query Who($id: ID!) { profile(id: $id) { name { full } identities { value } } }"


async def reveal(caller: Caller, profile: str, field: str, **more: Any) -> dict[str, Any]:
    """The payload of revealing a field."""
    given = {"profileId": profile, "field": field, "reason": REASON, **more}
    return (await caller.data(REVEAL, {"input": given}))["revealField"]


async def refused(caller: Caller, profile: str, field: str, **more: Any) -> list[str]:
    """The codes by which revealing a field is refused; nothing may be given."""
    given = {"profileId": profile, "field": field, "reason": REASON, **more}
    answer = await caller.ask(REVEAL, {"input": given})
    assert not answer.get("data"), answer
    return [error["extensions"]["code"] for error in answer["errors"]]


async def break_glass(caller: Caller, profile: str, **more: Any) -> dict[str, Any]:
    """The grant of an emergency."""
    given = {"profileId": profile, "reason": EMERGENCY, **more}
    return (await caller.data(BREAK, {"input": given}))["breakGlass"]["grant"]


async def events(officer: Caller, **asked: Any) -> list[dict[str, Any]]:
    """The recorded events, the newest first."""
    found = await officer.data(EVENTS, asked)
    return [edge["node"] for edge in found["auditEvents"]["edges"]]


async def seen_values(caller: Caller, profile: str) -> list[str]:
    """The values of a profile's identities as somebody sees them."""
    found = await caller.data(CONTACTS, {"id": profile})
    return [one["value"] for one in found["profile"]["identities"]]


def signed_in_before(
    gateway: TestGateway, minutes: int, *roles: str, tenant: str, subject: str = "tester"
) -> Caller:
    """Somebody whose second factor is so many minutes old."""
    past = time.time() - 60 * minutes
    path = gateway.gateway.settings.store.path
    issuer = DevelopmentIssuer.load_or_create(path, lambda: past)
    token = issuer.token(roles, tenant, subject=subject, second_factor=True, lifetime_s=86_400)
    return Caller(gateway.client, token)


class Clock:
    """A clock that a test puts forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        """The instant that it shows."""
        return datetime.now(UTC) + self.ahead


def by_clock(gateway: TestGateway, clock: Callable[[], datetime]) -> Any:
    """The same gateway, with the time of another clock."""
    opened = gateway.gateway
    return replace(opened, wiring=replace(opened.wiring, now=clock))
