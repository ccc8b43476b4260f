"""The access policies, in the order in which `explain` tells them.  The strictest wins."""

from collections.abc import Callable

from policies.access.question import Question
from policies.access.roles import by_field_roles, by_role
from policies.access.second_factor import by_second_factor
from policies.decision import Decision

AccessPolicy = Callable[[Question], Decision | None]

ACCESS_POLICIES: tuple[AccessPolicy, ...] = (by_role, by_field_roles, by_second_factor)
