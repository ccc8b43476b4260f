"""Inputs that several mutations share."""

import asyncio
from datetime import date
from typing import Any, TypeVar

import strawberry
from strawberry import UNSET

from graph.context import GatewayInfo
from graph.kinds.changes import references
from graph.kinds.values import parse_custom
from graph.model import profile as model
from graph.model.channel import Channel
from graph.model.errors import BadValue
from graph.model.identity import Identity, identity_name
from graph.model.normalising import wide_name
from graph.model.patch import checked, checked_links
from graph.ports import NamedIdentity
from graph.types.access import access, exposes
from graph.types.scalars import CustomValues
from policies.classification import DataClass


@exposes(model.PersonName)
@strawberry.input(description="A person's name, in parts; what isn't sent isn't touched.")
class PersonNameInput:
    given: str | None = strawberry.field(default=UNSET, description="Given names.")
    family: str | None = strawberry.field(default=UNSET, description="Family name.")


@exposes(Identity)
@strawberry.input(description="What somebody is known by on one channel.")
class IdentityNameInput:
    channel: Channel = strawberry.field(
        description="The channel.", directives=[access(DataClass.CONTACT)]
    )
    value: str = strawberry.field(description="Number, address or handle, in any notation.")


@exposes(Identity)
@strawberry.input(description="A way to recognise the person on one channel.")
class IdentityInput(IdentityNameInput):
    verified: bool = strawberry.field(
        default=False,
        description="Whether the person has proved that it is theirs.",
        directives=[access(DataClass.CONTACT)],
    )
    primary: bool = strawberry.field(
        default=False,
        description="Whether it is the first choice on its channel.",
        directives=[access(DataClass.CONTACT)],
    )
    shared: bool = strawberry.field(
        default=False,
        description="Whether others have it too, such as team@: it recognises nobody alone.",
        directives=[access(DataClass.CONTACT)],
    )


@exposes(model.Link)
@strawberry.input(description="A record of a CRM that is this person.")
class LinkInput:
    source: str = strawberry.field(description="Name of the CRM source.")
    object: str = strawberry.field(description="The CRM's object, such as contacts.")
    record_id: str = strawberry.field(description="The record's id in the CRM.")


@exposes(model.Profile)
@strawberry.input(description="What is known about a person, apart from how to reach them.")
class CoreInput:
    name: PersonNameInput | None = strawberry.field(default=UNSET, description="The name.")
    birth_date: date | None = strawberry.field(default=UNSET, description="Date of birth.")
    gender: str | None = strawberry.field(default=UNSET, description="Gender, as they state it.")
    language: str | None = strawberry.field(default=UNSET, description="Language tag (BCP 47).")
    links: list[LinkInput] | None = strawberry.field(
        default=UNSET, description="All CRM records this person is."
    )
    custom: CustomValues | None = strawberry.field(
        default=UNSET, description="Values of custom fields by key; null clears one."
    )


_Value = TypeVar("_Value")


def sent(value: _Value | None) -> _Value | None:
    """A value that may be left out: None where it was."""
    return None if value is UNSET else value


def named(
    given: IdentityNameInput,
    info: GatewayInfo,
    *,
    is_verified: bool = False,
    is_primary: bool = False,
    is_shared: bool = False,
) -> NamedIdentity:
    """An identity as it is kept; raises `BadValue` for what can't be one."""
    wiring, now = info.context.wiring, info.context.wiring.now()
    how = wiring.normalising(info.context.principal.tenant)
    name = identity_name(given.channel, given.value, how.region)
    identity = Identity(
        channel=given.channel,
        value=name.value,
        raw=given.value.strip(),
        verified=is_verified,
        primary=is_primary,
        shared=is_shared,
        source=info.context.author.source,
        first_seen_at=now,
        last_seen_at=now,
    )
    return NamedIdentity(name, identity, wide_name(name, how))


def new_identity(given: IdentityInput, info: GatewayInfo) -> NamedIdentity:
    """An identity with what the input says about it."""
    return named(
        given,
        info,
        is_verified=given.verified,
        is_primary=given.primary,
        is_shared=given.shared,
    )


def core_changes(info: GatewayInfo, input: CoreInput) -> dict[str, object]:
    """What an input says about the core attributes, checked; what isn't sent is left out."""
    sent: dict[str, object] = {
        "birth_date": input.birth_date,
        "gender": input.gender,
        "language": input.language,
    }
    if input.name is None:
        sent |= {"name.given": None, "name.family": None}
    elif input.name is not UNSET:
        sent |= {"name.given": input.name.given, "name.family": input.name.family}
    today = info.context.wiring.now().date()
    changes = checked({key: value for key, value in sent.items() if value is not UNSET}, today)
    if input.links is not UNSET:
        changes["links"] = _links(input.links)
    return changes


async def custom_changes(info: GatewayInfo, input: CoreInput) -> dict[str, object]:
    """What an input says about custom fields, checked, by field id; None clears.

    Raises:
        BadValue: a value that its field can't hold, or an id of no profile.
    """
    given: dict[str, Any] = input.custom or {}
    schema = info.context.visible.customer_schema
    kinds = {schema.by_key[key].kind for key in given if key in schema.by_key}
    if "PASSWORD" in kinds:
        # Hashing one takes a tenth of a second on purpose: in a thread, so that others go on.
        values = await asyncio.to_thread(parse_custom, given, schema)
    else:
        values = parse_custom(given, schema)
    await _refuse_absent(info, values)
    return values


async def _refuse_absent(info: GatewayInfo, values: dict[str, object]) -> None:
    referred = list(references(values, info.context.plan.customer_schema))
    if not referred:
        return
    ids, scope = [one for _, one in referred], info.context.plan.access.scope
    profiles = await info.context.wiring.profiles.get_many(ids, scope, frozenset())
    for (definition, _), profile in zip(referred, profiles, strict=True):
        if profile is None:
            raise BadValue(f"custom.{definition.key}", "there is no such profile")


def _links(given: list[LinkInput] | None) -> tuple[model.Link, ...]:
    return checked_links(
        model.Link(source=link.source, object=link.object, record_id=link.record_id)
        for link in given or ()
    )
