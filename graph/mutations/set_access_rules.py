from typing import Any

import strawberry

from graph.context import GatewayInfo
from graph.types.access import STRUCTURE
from graph.types.access_rules import AccessRules
from graph.types.inputs import sent


@strawberry.input(description="Who may see what, for your tenant.", directives=[STRUCTURE])
class SetAccessRulesInput:
    text: str = strawberry.field(
        description="TOML in the form of policies/matrix.toml; all that it names takes the place"
        " of what is shipped.  An empty text goes back to what is shipped."
    )
    if_revision: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Refuse with VERSION_MISMATCH when the rules have another revision.",
    )


@strawberry.type(description="The rules that are in force now.", directives=[STRUCTURE])
class SetAccessRulesPayload:
    access_rules: AccessRules = strawberry.field(description="The rules.")


async def set_access_rules(info: GatewayInfo, input: SetAccessRulesInput) -> SetAccessRulesPayload:
    """Put new rules in force: every request from now on is decided by them alone."""
    context = info.context
    shown: Any = await context.wiring.matrices.change(
        context.principal.tenant,
        input.text,
        sent(input.if_revision),
        context.principal.subject,
    )
    return SetAccessRulesPayload(access_rules=shown)
