"""The root Query.  A resolver asks a loader; who may ask was decided before it runs."""

from enum import Enum
from typing import Annotated, Any

import strawberry

from graph.auditing import audit_page, review_page
from graph.conditions import filter_of, order_of
from graph.context import GatewayInfo
from graph.errors import NotFound
from graph.model.channel import Channel
from graph.model.filter import All, Filter
from graph.model.identity import identity_name
from graph.model.normalising import wide_name
from graph.pages import cursor_of, id_of, page_size
from graph.saved_filters import check_filter, filter_from
from graph.suggestion_queue import page_of_queue
from graph.types.access import STRUCTURE, access
from graph.types.access_rules import AccessRules
from graph.types.ambiguity import suggested
from graph.types.audit import AuditEventConnection
from graph.types.break_glass import BreakGlassReviewConnection
from graph.types.connection import ProfileConnection, ProfileEdge
from graph.types.customer_schema import CustomerSchema
from graph.types.explanation import AccessExplanation, AccessSubject, explanation
from graph.types.filter import ProfileFilter, ProfileOrder
from graph.types.interaction import After, First
from graph.types.paging import PageInfo
from graph.types.profile import Profile
from graph.types.saved_filter import SavedFilter
from graph.types.suggestion import Suggestion, SuggestionConnection
from graph.views import root_key
from policies.classification import DataClass


@strawberry.enum(description="Whether a channel identity names somebody we know.")
class IdentificationOutcome(Enum):
    """How an identification ended."""

    KNOWN = "KNOWN"
    UNKNOWN = "UNKNOWN"
    AMBIGUOUS = "AMBIGUOUS"


def outcome_of(*, is_known: bool, is_shared: bool) -> IdentificationOutcome:
    """How an identification ended: what several share names nobody."""
    if is_shared:
        return IdentificationOutcome.AMBIGUOUS
    return IdentificationOutcome.KNOWN if is_known else IdentificationOutcome.UNKNOWN


@strawberry.type(description="Who is behind a channel identity.", directives=[STRUCTURE])
class Identification:
    outcome: IdentificationOutcome = strawberry.field(description="Whether we know them.")
    profile: Profile | None = strawberry.field(description="Their profile, where we do.")
    suggestions: list[Suggestion] = strawberry.field(
        description="Who it may be, where several fit: 10 at most."
    )


@strawberry.type(description="Who you are to the gateway.", directives=[STRUCTURE])
class Viewer:
    subject: str = strawberry.field(description="Your subject at the issuer of your token.")
    tenant: str = strawberry.field(description="The tenant whose customers you see.")
    roles: list[str] = strawberry.field(description="Your roles, in alphabetical order.")
    has_second_factor: bool = strawberry.field(description="Whether you signed in with one.")


@strawberry.type(description="What can be asked.")
class Query:
    @strawberry.field(description="Who is behind a channel identity.  Never writes.")
    async def identify(
        self,
        info: GatewayInfo,
        channel: Annotated[Channel, strawberry.argument(description="Where they reach us.")],
        value: Annotated[
            str,
            strawberry.argument(
                description="Number, address or handle.",
                directives=[access(DataClass.CONTACT, "Identity.value")],
            ),
        ],
    ) -> Identification:
        context = info.context
        how = context.wiring.normalising(context.principal.tenant)
        name = identity_name(channel, value, how.region)
        found = await context.wiring.profiles.find(
            name, context.plan.access.scope, wide_name(name, how)
        )
        profile: Any = None
        if found.profile:
            profile = await context.profiles.load(found.profile, root_key(info.path))
        suggestions = await suggested(info, found.sharing)
        outcome = outcome_of(is_known=profile is not None, is_shared=bool(suggestions))
        return Identification(outcome=outcome, profile=profile, suggestions=suggestions)

    @strawberry.field(description="A profile by its id, or null.", graphql_type=Profile | None)
    async def profile(
        self,
        info: GatewayInfo,
        id: Annotated[strawberry.ID, strawberry.argument(description="Present or former id.")],
    ) -> Any:  # noqa: ANN401 - the model object that Profile shows
        return await info.context.profiles.load(id, root_key(info.path))

    @strawberry.field(
        description=(
            "A page of profiles: in the order of `orderBy`, else of what narrows the list most,"
            " such as a name that begins with something, else the oldest first."
        )
    )
    async def profiles(
        self,
        info: GatewayInfo,
        where: Annotated[
            ProfileFilter | None, strawberry.argument(description="What narrows the list.")
        ] = None,
        order_by: Annotated[
            list[ProfileOrder] | None,
            strawberry.argument(description="What to sort by: one field; then by age."),
        ] = None,
        saved_filter: Annotated[
            str | None,
            strawberry.argument(description="Name of a filter of yours, which must hold too."),
        ] = None,
        first: Annotated[
            int | None, strawberry.argument(description="Page size, 0 to 100; 25 unless told.")
        ] = None,
        after: Annotated[
            str | None, strawberry.argument(description="Cursor of the previous page's end.")
        ] = None,
    ) -> ProfileConnection:
        narrowed = await _narrowed(info, where, saved_filter)
        return await _page(info, narrowed, order_by, page_size(first), id_of(after))

    @strawberry.field(
        description="Pairs that the batch job found and nobody has decided, the likeliest first"
        " for who may see all that is compared."
    )
    async def suggestions(
        self,
        info: GatewayInfo,
        min_score: Annotated[
            float | None, strawberry.argument(description="Least score; 0.9 unless told.")
        ] = None,
        first: Annotated[
            int | None, strawberry.argument(description="Page size, 0 to 100; 25 unless told.")
        ] = None,
        after: Annotated[
            str | None, strawberry.argument(description="Cursor of the previous page's end.")
        ] = None,
    ) -> SuggestionConnection:
        return await page_of_queue(info.context, min_score, first, after)

    @strawberry.field(description="The filters that you saved, by name.")
    async def saved_filters(self, info: GatewayInfo) -> list[SavedFilter]:
        principal = info.context.principal
        found: Any = await info.context.wiring.filters.all_of(principal.tenant, principal.subject)
        return found  # type: ignore[no-any-return]  # the objects that SavedFilter shows

    @strawberry.field(description="The tenant's custom fields, as admins defined them.")
    def customer_schema(self, info: GatewayInfo) -> CustomerSchema:
        found: Any = info.context.visible.customer_schema
        return found  # type: ignore[no-any-return]  # the model object that CustomerSchema shows

    @strawberry.field(
        description=(
            "Why you see, see masked or don't see each part of a document: a query or mutation,"
            " which isn't executed."
        )
    )
    def explain_access(
        self,
        info: GatewayInfo,
        document: Annotated[str, strawberry.argument(description="The document.")],
        as_: Annotated[
            AccessSubject | None,
            strawberry.argument(name="as", description="As somebody else; you unless told."),
        ] = None,
    ) -> AccessExplanation:
        return explanation(info.context, document, as_)

    @strawberry.field(description="What your tenant has changed of who may see what.")
    async def access_rules(self, info: GatewayInfo) -> AccessRules:
        context = info.context
        found: Any = await context.wiring.matrices.rules(context.principal.tenant)
        return found  # type: ignore[no-any-return]  # the object that AccessRules shows

    @strawberry.field(description="Who did what with whose data, and why; the newest first.")
    async def audit_events(
        self,
        info: GatewayInfo,
        profile_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Of this profile only.")
        ] = None,
        actor: Annotated[
            strawberry.ID | None, strawberry.argument(description="Of this subject only.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> AuditEventConnection:
        return await audit_page(info, profile_id, actor, first, after)

    @strawberry.field(
        description="Emergencies that wait for your review, the newest first; never your own."
    )
    async def break_glass_reviews(
        self, info: GatewayInfo, first: First = None, after: After = None
    ) -> BreakGlassReviewConnection:
        return await review_page(info, first, after)

    @strawberry.field(description="Who you are to the gateway.")
    def viewer(self, info: GatewayInfo) -> Viewer:
        principal = info.context.principal
        return Viewer(
            subject=principal.subject,
            tenant=principal.tenant,
            roles=sorted(principal.roles),
            has_second_factor=principal.has_second_factor,
        )


async def _narrowed(
    info: GatewayInfo, where: ProfileFilter | None, saved_filter: str | None
) -> Filter:
    context, principal = info.context, info.context.principal
    schema = context.visible.customer_schema
    given = filter_of(where, schema)
    if saved_filter is None:
        return given
    found = await context.wiring.filters.find(principal.tenant, principal.subject, saved_filter)
    if found is None:
        raise NotFound("You have no filter of this name.")
    kept = filter_from(found, schema)
    check_filter(kept, schema, context.asking)
    return All((kept, given))


async def _page(
    info: GatewayInfo,
    narrowed: Filter,
    order_by: list[ProfileOrder] | None,
    size: int,
    after: str | None,
) -> ProfileConnection:
    context, schema = info.context, info.context.visible.customer_schema
    found = await context.wiring.profiles.page(
        context.plan.access.scope,
        narrowed,
        order_of(order_by, schema),
        first=size + 1,
        after=after,
        attributes=context.profiles.page_attributes,
    )
    nodes: list[Any] = await context.profiles.page(found[:size], root_key(info.path))
    edges = [ProfileEdge(cursor=cursor_of(node.id), node=node) for node in nodes]
    info_of_page = PageInfo(
        has_next_page=len(found) > size,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return ProfileConnection(edges=edges, page_info=info_of_page, where=narrowed)
