"""The profile and its parts, as clients see them."""

import asyncio
from datetime import date, datetime
from typing import Annotated, Any, Final

import strawberry

from graph.context import GatewayInfo
from graph.history import history_page
from graph.matches import suggestions_of
from graph.model import profile as model
from graph.model.channel import Channel
from graph.model.consent import checked_purpose, effective
from graph.model.contact import may_contact
from graph.model.identity import Identity as IdentityModel
from graph.model.interaction import owners_of
from graph.pages import page_size
from graph.readable import readable
from graph.types.access import access, directive_of, exposes
from graph.types.consent import Consent, ContactPermission
from graph.types.custom_field import (
    AllowStale,
    CustomFields,
    FieldValue,
    MaxAge,
    field_value,
    wanted_freshness,
)
from graph.types.history import HistoryConnection
from graph.types.interaction import (
    After,
    Agent,
    Channels,
    First,
    InteractionConnection,
    Kinds,
    Since,
    Until,
    timeline,
    timeline_query,
)
from graph.types.preference import Label, Preferences
from graph.types.suggestion import Suggestion
from policies import classification
from policies.classification import DataClass
from policies.reveal import reveal

SUGGESTED_TO: Final = frozenset({"agent", "supervisor", "privacy_officer", "service"})


@exposes(model.PersonName)
@strawberry.type(description="A person's name, in parts.")
class PersonName:
    given: str | None = strawberry.field(description="Given names.")
    family: str | None = strawberry.field(description="Family name.")
    full: str | None = strawberry.field(
        description="The parts, given name first.", directives=[access(DataClass.IDENTITY)]
    )


@exposes(IdentityModel)
@strawberry.type(description="One way to recognise the person on one channel.")
class Identity:
    channel: Channel | None = strawberry.field(description="The channel.")
    value: str | None = strawberry.field(
        description="Number, address or handle, normalised (phones: E.164)."
    )
    verified: bool | None = strawberry.field(
        description="Whether the person has proved that it is theirs."
    )
    primary: bool | None = strawberry.field(
        description="Whether it is the first choice on its channel."
    )
    shared: bool | None = strawberry.field(
        description="Whether others have it too, so that it recognises nobody alone."
    )
    source: str | None = strawberry.field(description="Who told us: a client or a CRM source.")
    first_seen_at: datetime | None = strawberry.field(description="When it was first seen.")
    last_seen_at: datetime | None = strawberry.field(description="When it was last recognised.")


@exposes(model.Link)
@strawberry.type(description="A record of a CRM that is this person.")
class Link:
    source: str | None = strawberry.field(description="Name of the CRM source.")
    object: str | None = strawberry.field(description="The CRM's object, such as contacts.")
    record_id: str | None = strawberry.field(description="The record's id in the CRM.")


@exposes(model.Profile)
@strawberry.type(description="Everything known about one person, as far as you may see it.")
class Profile:
    id: strawberry.ID = strawberry.field(description="Random id; an old id answers for ever.")
    version: int = strawberry.field(description="Counts the changes; guards `updateProfile`.")
    state: model.ProfileState = strawberry.field(description="How well the person is known.")
    created_at: datetime | None = strawberry.field(description="When the profile was created.")
    updated_at: datetime | None = strawberry.field(description="When it was last changed.")
    name: PersonName | None = strawberry.field(description="The person's name.")
    birth_date: date | None = strawberry.field(description="Date of birth.")
    gender: str | None = strawberry.field(description="Gender, as the person states it.")
    language: str | None = strawberry.field(description="Language tag (BCP 47), such as pt-BR.")
    identities: list[Identity] | None = strawberry.field(
        description="How the person is recognised, channel by channel."
    )
    links: list[Link] | None = strawberry.field(description="The CRM records this person is.")

    @strawberry.field(
        description="Ids of all profiles that it absorbed; each of them answers with this profile.",
        directives=[access(DataClass.PUBLIC)],
    )
    def former_ids(self, root: strawberry.Parent[model.Profile]) -> list[strawberry.ID]:
        return [strawberry.ID(one) for one in root.members]

    @strawberry.field(
        description="Who changed what, from which source, when; the newest first.",
        directives=[access(DataClass.PUBLIC)],
    )
    async def history(
        self,
        info: GatewayInfo,
        root: strawberry.Parent[model.Profile],
        first: Annotated[
            int | None, strawberry.argument(description="Page size, 0 to 100; 25 unless told.")
        ] = None,
        after: Annotated[
            str | None, strawberry.argument(description="Cursor of the previous page's end.")
        ] = None,
    ) -> HistoryConnection:
        return await history_page(info, root, first, after)

    preferences: Preferences | None = strawberry.field(
        description="How, when and whether at all they want to be contacted."
    )
    labels: list[Label] | None = strawberry.field(description="Words that classify them.")

    @strawberry.field(
        description="What they said about purposes: for each the statement that holds now.",
        graphql_type=list[Consent] | None,
    )
    def consents(
        self,
        info: GatewayInfo,
        root: strawberry.Parent[model.Profile],
        purposes: Annotated[
            list[str] | None, strawberry.argument(description="About these purposes only.")
        ] = None,
        former: Annotated[
            bool, strawberry.argument(description="Every statement, the earliest first.")
        ] = False,
    ) -> Any:  # noqa: ANN401 - the model objects that Consent shows
        held = readable(root.consents)
        if held is None:
            return None
        shown = held if former else effective(held, info.context.wiring.now()).values()
        if purposes is None:
            return list(shown)
        wanted = {checked_purpose(purpose, "purposes") for purpose in purposes}
        return [one for one in shown if one.purpose in wanted]

    @strawberry.field(
        description=(
            "Whether they may be contacted now, by their preferences and, where a purpose is"
            " named, their consent to it."
        ),
        directives=[access(DataClass.BEHAVIOURAL)],
        graphql_type=ContactPermission | None,
    )
    def may_contact(
        self,
        info: GatewayInfo,
        root: strawberry.Parent[model.Profile],
        channel: Annotated[Channel, strawberry.argument(description="How.")],
        purpose: Annotated[
            str | None, strawberry.argument(description="What for, such as marketing.")
        ] = None,
    ) -> Any:  # noqa: ANN401 - the model object that ContactPermission shows
        wanted = None if purpose is None else checked_purpose(purpose)
        preferences, consents = readable(root.preferences), readable(root.consents) or ()
        if preferences is None:
            return None
        now = info.context.wiring.now()
        permission = may_contact(preferences, consents, channel, wanted, now)
        return reveal(permission, info.context.views.of(root.id).plan.access)

    @strawberry.field(
        description=(
            "Profiles that may be the same person, the likeliest first; of one profile at a time."
            "  Only what you may see is compared.  Null where you may see none."
        ),
        directives=[directive_of(classification.Label(DataClass.IDENTITY, SUGGESTED_TO))],
    )
    async def suggestions(
        self,
        info: GatewayInfo,
        root: strawberry.Parent[model.Profile],
        first: Annotated[
            int | None, strawberry.argument(description="How many, 0 to 100; 25 unless told.")
        ] = None,
    ) -> list[Suggestion] | None:
        found: Any = await suggestions_of(info.context, root.id, page_size(first))
        return found  # type: ignore[no-any-return]  # the objects that Suggestion shows

    @strawberry.field(description="The tenant's own fields, typed.")
    def custom(self, root: strawberry.Parent[model.Profile]) -> CustomFields | None:
        return root  # type: ignore[return-value]  # the fields of CustomFields resolve on it

    @strawberry.field(
        description="The tenant's own fields, each with its source, age and error.",
        directives=[access(DataClass.PUBLIC)],
    )
    async def fields(
        self,
        info: GatewayInfo,
        root: strawberry.Parent[model.Profile],
        keys: list[str] | None = None,
        max_age: MaxAge = None,
        *,
        allow_stale: AllowStale = True,
    ) -> list[FieldValue]:
        schema = info.context.visible.customer_schema
        freshness = wanted_freshness(max_age, allow_stale=allow_stale)
        # Each key once: a list of them must not multiply the answer.
        chosen = schema.by_key if keys is None else dict.fromkeys(keys)
        waits = (field_value(root, schema.by_key[key], info, freshness) for key in chosen)
        return list(await asyncio.gather(*waits))

    @strawberry.field(
        description="What happened with the person on all channels, the newest first.",
        directives=[access(DataClass.PUBLIC)],
    )
    async def timeline(  # noqa: PLR0913 - each is an argument of the field
        self,
        info: GatewayInfo,
        root: strawberry.Parent[model.Profile],
        *,
        first: First = None,
        after: After = None,
        channels: Channels = None,
        kinds: Kinds = None,
        since: Since = None,
        until: Until = None,
        agent: Agent = None,
    ) -> InteractionConnection:
        owners = owners_of(root)
        asked = timeline_query(owners, first, after, channels, kinds, since, until, agent)
        return await timeline(info, asked, root.id)
