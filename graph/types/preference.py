"""Preferences and labels, as clients see them."""

from datetime import datetime

import strawberry

from graph.model import label
from graph.model import preference as model
from graph.model.channel import Channel
from graph.types.access import exposes


@exposes(model.ContactTime)
@strawberry.type(description="When contact is welcome, in the person's time zone.")
class ContactTime:
    days: list[model.Weekday] | None = strawberry.field(
        description="On these days; on every day where there are none."
    )
    begin: str | None = strawberry.field(description="From this time of day, such as 09:30.")
    end: str | None = strawberry.field(description="Until this time of day; 24:00 at the latest.")


@exposes(model.Exclusion)
@strawberry.type(description="No contact on this channel, or for this purpose, or for both.")
class ContactExclusion:
    channel: Channel | None = strawberry.field(description="The channel; any where it is null.")
    purpose: str | None = strawberry.field(description="The purpose; any where it is null.")
    at: datetime | None = strawberry.field(description="When it was said first.")
    source: str | None = strawberry.field(description="The client that told us.")
    by: str | None = strawberry.field(description="Who wrote it down.")


@exposes(model.Said)
@strawberry.type(description="When one of the preferences was last changed.")
class PreferenceSource:
    attribute: str | None = strawberry.field(
        description="`channels`, `language`, `times` or `do_not_contact`."
    )
    at: datetime | None = strawberry.field(description="When.")
    source: str | None = strawberry.field(description="The client that told us.")
    by: str | None = strawberry.field(description="Who wrote it down.")


@exposes(model.Preferences)
@strawberry.type(description="How, when and whether at all the person wants to be contacted.")
class Preferences:
    channels: list[Channel] | None = strawberry.field(description="The preferred channel first.")
    language: str | None = strawberry.field(
        description="Language tag (BCP 47) of what they want to be told."
    )
    time_zone: str | None = strawberry.field(description="IANA name, such as Europe/Vienna.")
    times: list[ContactTime] | None = strawberry.field(description="When contact is welcome.")
    do_not_contact: bool | None = strawberry.field(
        description="No contact at all, on no channel and for no purpose."
    )
    exclusions: list[ContactExclusion] | None = strawberry.field(
        description="Channels and purposes they don't want to be contacted by."
    )
    said: list[PreferenceSource] | None = strawberry.field(
        description="When each of the preferences was last changed, and by whom."
    )


@exposes(label.Label)
@strawberry.type(description="A word that classifies the customer.")
class Label:
    name: str | None = strawberry.field(description="The word.")
    origin: label.LabelOrigin | None = strawberry.field(description="Who puts it there.")
    at: datetime | None = strawberry.field(description="Since when.")
    source: str | None = strawberry.field(description="The client or CRM that told us.")
    by: str | None = strawberry.field(description="Who put it there.")
