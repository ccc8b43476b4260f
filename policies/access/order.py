"""The access policies, in the order in which `explain` tells them.  The strictest wins."""

from collections.abc import Callable

from policies.access.assurance import by_fresh_second_factor, by_second_factor
from policies.access.client import by_client
from policies.access.purpose import by_consent, by_purpose
from policies.access.question import Question
from policies.access.roles import by_field_roles, by_role
from policies.decision import Decision

AccessPolicy = Callable[[Question], Decision | None]

ACCESS_POLICIES: tuple[AccessPolicy, ...] = (
    by_role,
    by_field_roles,
    by_purpose,
    by_consent,
    by_client,
    # Last: of equally strict answers the first is told, and whom a second factor wouldn't help
    # must not be sent for one.
    by_second_factor,
    by_fresh_second_factor,
)
