"""Custom fields as clients see them: typed values, and the story of each value."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Optional, cast

import strawberry
from strawberry.types.field import StrawberryField

from connectors.errors import SourceError
from connectors.runtime.pace import AS_USUAL, Freshness
from graph.context import GatewayInfo
from graph.errors import BadInput, GatewayError, refusal_message, source_error_message
from graph.kinds.table import KINDS
from graph.live_value import LiveValue
from graph.model.custom_field import FieldDefinition
from graph.model.profile import Profile
from graph.model.provenance import UNKNOWN
from graph.readable import readable, unreadable_error
from graph.types.access import STRUCTURE, directive_of
from graph.types.scalars import CustomValue
from graph.types.values import read_type
from graph.views import View
from policies.decision import Decision, Effect
from policies.reveal import reveal_value
from policies.unreadable import Unreadable

STORED = "profile"

MaxAge = Annotated[
    int | None,
    strawberry.argument(
        description="Oldest live value to take, in seconds; 0 asks the source in any case."
        " Unless told, the source's setting."
    ),
]
AllowStale = Annotated[
    bool,
    strawberry.argument(
        description="Take an older live value where no newer one is to be had at once; it is"
        " marked as stale."
    ),
]


@strawberry.type(
    description="The tenant's own fields: one for each definition, typed by its kind.",
    directives=[STRUCTURE],
)
class CustomFields:
    @strawberry.field(name="_keys", description="The keys this tenant has defined, in order.")
    def keys(self, info: GatewayInfo) -> list[str]:
        return [item.key for item in info.context.visible.customer_schema.fields]


@strawberry.type(description="Why a value couldn't be given.", directives=[STRUCTURE])
class FieldError:
    code: str = strawberry.field(description="A code of the closed list of error codes.")
    message: str = strawberry.field(description="What happened, in a sentence.")
    retry_after_s: float | None = strawberry.field(
        name="retryAfterS", default=None, description="When asking again may help, in seconds."
    )


@strawberry.type(
    description="What one of a field's sources says, whether its value counts or not.",
    directives=[STRUCTURE],
)
class FieldCandidate:
    source: str = strawberry.field(description="Name of the CRM source.")
    value: CustomValue | None = strawberry.field(description="Its value, as far as you may see it.")
    fetched_at: datetime | None = strawberry.field(description="When the gateway got it.")
    observed_at: datetime | None = strawberry.field(
        description="When the source last changed the record, where it says so."
    )
    stale: bool = strawberry.field(description="Whether it is older than you or its source wish.")
    error: FieldError | None = strawberry.field(description="Why there is none, or no newer one.")


@strawberry.type(
    description=(
        "A custom field's value with its story.  The value is protected by the data class of its"
        " definition, decided for each key."
    ),
    directives=[STRUCTURE],
)
class FieldValue:
    key: str = strawberry.field(description="Key of the definition.")
    type: str = strawberry.field(description="Kind of the definition, such as STRING or DATE.")
    source: str = strawberry.field(
        description="Where the value comes from: `profile`, or the name of a CRM source."
    )
    value: CustomValue | None = strawberry.field(
        default=None, description="The value; null where there is none, or see `error`."
    )
    fetched_at: datetime | None = strawberry.field(
        default=None, description="When the gateway got the value from its source."
    )
    observed_at: datetime | None = strawberry.field(
        default=None, description="When the source last changed the record, where it says so."
    )
    age: int | None = strawberry.field(
        default=None, description="Seconds since `fetchedAt`, rounded down."
    )
    stale: bool = strawberry.field(
        default=False, description="Whether the value is older than you or its source wish."
    )
    masked: bool = strawberry.field(
        default=False, description="Whether you may see no more than a mask of the value."
    )
    error: FieldError | None = strawberry.field(
        default=None,
        description="Why there is no value; beside a stale value, why there is no newer one.",
    )
    candidates: list[FieldCandidate] = strawberry.field(
        default_factory=list,
        description="What each source says, by precedence, where the field has several.",
    )


def wanted_freshness(max_age: int | None, *, allow_stale: bool) -> Freshness:
    """What the arguments of `fields` ask for; raises `BadInput` for a negative age."""
    if max_age is not None and max_age < 0:
        raise BadInput("maxAge: seconds, 0 or more.")
    return Freshness(max_age, allow_stale)


async def field_value(
    profile: Profile, definition: FieldDefinition, info: GatewayInfo, freshness: Freshness
) -> FieldValue:
    """One custom field of one profile with its story; denied or failed, it says so inside."""
    access = info.context.views.of(profile.id).plan.access
    decision = access.decisions[definition.coordinate]
    if decision.is_denied:
        return FieldValue(
            key=definition.key,
            type=definition.kind,
            source=definition.source.connector or STORED,
            error=_refused(decision),
        )
    found = await _value(profile, definition, info, freshness)
    if isinstance(found.value, Unreadable):
        return _unreadable(definition, unreadable_error(found.value))
    return _told(definition, found, info, is_masked=decision.effect is Effect.MASK)


def typed_field(definition: FieldDefinition, origin: type[Any]) -> StrawberryField:
    """The GraphQL field of one definition: its kind's type, labelled with its data class."""
    field: StrawberryField = strawberry.field(
        resolver=_resolver(definition),
        name=definition.key,
        description=definition.description or definition.label,
        directives=[directive_of(definition.access)],
        graphql_type=Optional[read_type(definition)],  # noqa: UP045 - `|` can't take a type that is lazy
    )
    field.python_name = definition.key
    field.origin = origin
    return field


def is_kept(definition: FieldDefinition) -> bool:
    """Whether a value is in the profile as it is shown: no CRM and no other profile is asked."""
    return not definition.is_live and KINDS[definition.kind].scalar != "Profile"


def _resolver(definition: FieldDefinition) -> Callable[..., Any]:
    def live(root: Profile, info: GatewayInfo) -> Any:  # noqa: ANN401 - any value, or its promise
        found = _known(root, definition, info, AS_USUAL)
        return _typed(found) if found else waited(root, info)

    async def waited(root: Profile, info: GatewayInfo) -> Any:  # noqa: ANN401 - any value
        return _typed(await _value(root, definition, info))

    def stored(root: Profile, info: GatewayInfo) -> Any:  # noqa: ANN401, ARG001 - as every resolver
        return readable((root.custom or {}).get(definition.id))

    async def referred(root: Profile, info: GatewayInfo) -> Any:  # noqa: ANN401 - profiles
        found = readable((await _value(root, definition, info)).value)
        if isinstance(found, tuple):
            profiles = await asyncio.gather(*(info.context.profiles.load(one) for one in found))
            return [profile for profile in profiles if profile]
        return await info.context.profiles.load(str(found)) if found else None

    if KINDS[definition.kind].scalar == "Profile":
        return referred
    return live if definition.is_live else stored


def _typed(found: LiveValue) -> object:
    if found.error and not found.is_known:
        raise found.error
    return found.value


async def _value(
    profile: Profile,
    definition: FieldDefinition,
    info: GatewayInfo,
    freshness: Freshness = AS_USUAL,
) -> LiveValue:
    """The revealed value, stored or live."""
    if known := _known(profile, definition, info, freshness):
        return known
    context, view = info.context, info.context.views.of(profile.id)
    links = context.profiles.links_of(profile.id)
    found = await view.live.read(definition, profile.id, links, freshness)
    return _revealed(found, definition, view)


def _known(
    profile: Profile, definition: FieldDefinition, info: GatewayInfo, freshness: Freshness
) -> LiveValue | None:
    """The revealed value where nobody needs to wait for it."""
    context, view = info.context, info.context.views.of(profile.id)
    if not definition.is_live:
        value = (profile.custom or {}).get(definition.id)
        if not definition.is_synced:
            return LiveValue(value, context.wiring.now())
        told = context.profiles.told_of(profile.id).get(definition.kept_as, UNKNOWN)
        is_copy = told.source in {None, definition.source.connector}
        source = "" if is_copy else STORED  # the profile owns the field, and somebody wrote it
        return LiveValue(value, told.at, told.observed_at, source=source)
    links = context.profiles.links_of(profile.id)
    found = view.live.known(definition, profile.id, links, freshness)
    if found is None:
        return None
    return _revealed(found, definition, view)


def _revealed(found: LiveValue, definition: FieldDefinition, view: View) -> LiveValue:
    access, at = view.plan.access, definition.coordinate
    others = (replace(one, value=reveal_value(one.value, at, access)) for one in found.candidates)
    return replace(found, value=reveal_value(found.value, at, access), candidates=tuple(others))


def _told(
    definition: FieldDefinition, found: LiveValue, info: GatewayInfo, *, is_masked: bool
) -> FieldValue:
    fetched = found.fetched_at
    age = (info.context.wiring.now() - fetched).total_seconds() if fetched else None
    return FieldValue(
        key=definition.key,
        type=definition.kind,
        source=found.source or definition.source.connector or STORED,
        value=cast("CustomValue | None", found.value),
        fetched_at=fetched,
        observed_at=found.observed_at,
        age=None if age is None else int(age),
        stale=found.is_stale,
        masked=is_masked,
        error=_failed(found.error) if found.error else None,
        candidates=[_candidate(one) for one in found.candidates],
    )


def _candidate(found: LiveValue) -> FieldCandidate:
    return FieldCandidate(
        source=found.source,
        value=cast("CustomValue | None", found.value),
        fetched_at=found.fetched_at,
        observed_at=found.observed_at,
        stale=found.is_stale,
        error=_failed(found.error) if found.error else None,
    )


def _refused(decision: Decision) -> FieldError:
    return FieldError(code=decision.code, message=refusal_message(decision))


def _unreadable(definition: FieldDefinition, error: GatewayError) -> FieldValue:
    return FieldValue(
        key=definition.key,
        type=definition.kind,
        source=STORED,
        error=FieldError(code=error.code.value, message=str(error)),
    )


def _failed(error: SourceError) -> FieldError:
    return FieldError(
        code=error.code, message=source_error_message(error), retry_after_s=error.retry_after_s
    )
