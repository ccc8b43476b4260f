"""Inputs that several mutations share."""

from datetime import date
from typing import TypeVar

import strawberry
from strawberry import UNSET

from graph.context import GatewayInfo
from graph.model import profile as model
from graph.model.channel import Channel
from graph.model.identity import Identity, identity_name
from graph.model.patch import checked
from graph.ports import NamedIdentity
from graph.types.access import access, exposes
from policies.classification import DataClass


@exposes(model.PersonName)
@strawberry.input(description="A person's name, in parts; what isn't sent isn't touched.")
class PersonNameInput:
    given: str | None = strawberry.field(default=UNSET, description="Given names.")
    family: str | None = strawberry.field(default=UNSET, description="Family name.")


@exposes(Identity)
@strawberry.input(description="A way to recognise the person on one channel.")
class IdentityInput:
    channel: Channel = strawberry.field(
        description="The channel.", directives=[access(DataClass.CONTACT)]
    )
    value: str = strawberry.field(description="Number, address or handle, in any notation.")
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


@exposes(model.Link)
@strawberry.input(description="A record of a CRM that is this person.")
class LinkInput:
    source: str = strawberry.field(description="Name of the CRM source.")
    object: str = strawberry.field(description="The CRM's object, such as contacts.")
    record_id: str = strawberry.field(description="The record's id in the CRM.")


_Value = TypeVar("_Value")


def sent(value: _Value | None) -> _Value | None:
    """A value that may be left out: None where it was."""
    return None if value is UNSET else value


def named(given: IdentityInput, info: GatewayInfo) -> NamedIdentity:
    """An identity as it is kept; raises `BadValue` for what can't be one."""
    wiring, now = info.context.wiring, info.context.wiring.now()
    name = identity_name(given.channel, given.value, wiring.region)
    identity = Identity(
        channel=given.channel,
        value=name.value,
        raw=given.value.strip(),
        verified=given.verified,
        primary=given.primary,
        source=info.context.principal.client or info.context.principal.subject,
        first_seen_at=now,
        last_seen_at=now,
    )
    return NamedIdentity(name, identity)


def core_changes(
    info: GatewayInfo,
    name: PersonNameInput | None,
    birth_date: date | None,
    gender: str | None,
    language: str | None,
) -> dict[str, object]:
    """What an input says about the core attributes, checked; what isn't sent is left out."""
    sent: dict[str, object] = {"birth_date": birth_date, "gender": gender, "language": language}
    if name is None:
        sent |= {"name.given": None, "name.family": None}
    elif name is not UNSET:
        sent |= {"name.given": name.given, "name.family": name.family}
    today = info.context.wiring.now().date()
    return checked({key: value for key, value in sent.items() if value is not UNSET}, today)


def links_of(given: list[LinkInput] | None) -> tuple[model.Link, ...]:
    """The links as they are kept."""
    return tuple(
        model.Link(source=link.source, object=link.object, record_id=link.record_id)
        for link in given or ()
    )
