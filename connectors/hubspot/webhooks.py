"""Webhooks of HubSpot, signed by version 3 of its signatures."""

import hmac
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

import orjson

from connectors.abilities import Change, ChangeKind, Webhook
from connectors.base import SourceSettings
from connectors.errors import BadPayload, BadSignature
from connectors.hubspot.account import OBJECT_TYPES, Row

MAX_AGE: Final = timedelta(minutes=5)

# HubSpot signs the address with these written out, whatever it is called by.
_DECODED: Final[Mapping[str, str]] = {
    "%3A": ":",
    "%2F": "/",
    "%3F": "?",
    "%40": "@",
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2A": "*",
    "%2C": ",",
    "%3B": ";",
}
_CODES = re.compile("|".join(_DECODED), re.IGNORECASE)
_OBJECTS: Final[Mapping[str, str]] = {
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "ticket": "tickets",
    "product": "products",
    "line_item": "line_items",
}
_NUMBERED: Final = {number: name for name, number in OBJECT_TYPES.items()}
_UPSERTS = frozenset({"creation", "propertyChange", "restore"})
_DELETIONS = frozenset({"deletion", "privacyDeletion"})
_LATEST_MS: Final = 10**14


class Webhooks:
    """Reads webhooks that HubSpot sends to `settings.webhook_url`, signed with its app's secret."""

    def __init__(self, settings: SourceSettings) -> None:
        self._source = settings.name
        self._secret = settings.webhook_secret.encode()
        self._url = _CODES.sub(lambda code: _DECODED[code[0].upper()], settings.webhook_url)

    def received(self, webhook: Webhook) -> Sequence[Change]:
        """What a webhook tells; kinds of events that we don't know are left out.

        Raises:
            BadSignature: it isn't HubSpot's, or it is older than five minutes.
            BadPayload: it is, and makes no sense.
        """
        self._verify(webhook)
        try:
            events = orjson.loads(webhook.body)
        except orjson.JSONDecodeError:
            events = None
        if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
            raise BadPayload(self._source, "a webhook is a list of events")
        return [change for event in events for change in self._changes(event)]

    def _verify(self, webhook: Webhook) -> None:
        if not self._secret or not self._url:
            raise BadSignature(self._source, "webhook_secret and webhook_url aren't set")
        stamp = webhook.headers.get("x-hubspot-request-timestamp", "")
        signed_at = _moment(int(stamp)) if stamp.isascii() and stamp.isdecimal() else None
        if signed_at is None or abs(webhook.received_at - signed_at) > MAX_AGE:
            raise BadSignature(self._source, "a webhook is too old, or doesn't say its time")
        message = f"{webhook.method}{self._url}".encode() + webhook.body + stamp.encode()
        right = b64encode(hmac.digest(self._secret, message, sha256))
        shown = webhook.headers.get("x-hubspot-signature-v3", "").encode()
        if not hmac.compare_digest(right, shown):
            raise BadSignature(self._source, "a webhook isn't signed by HubSpot")

    def _changes(self, event: Row) -> Iterator[Change]:
        noun, _, what = str(event.get("subscriptionType")).partition(".")
        kind = _object(noun, str(event.get("objectTypeId") or ""))
        at = self._at(event)
        if kind is None:
            return
        event_id = "/".join(str(event.get(name)) for name in ("eventId", "objectId", "occurredAt"))
        if what in _UPSERTS:
            yield Change(ChangeKind.UPSERTED, kind, self._id(event), at, event_id=event_id)
        elif what in _DELETIONS:
            yield Change(ChangeKind.DELETED, kind, self._id(event), at, event_id=event_id)
        elif what == "merge":
            yield from self._merges(event, kind, at, event_id)

    def _merges(
        self, event: Row, object: str, at: datetime | None, event_id: str
    ) -> Iterator[Change]:
        # A merge may make a record that is neither of the two.
        primary = self._id(event, "primaryObjectId")
        into = self._id(event, "newObjectId") if event.get("newObjectId") else primary
        merged = event.get("mergedObjectIds")
        gone = [primary, *(self._id({"id": one}, "id") for one in _listed(merged))]
        for id_ in dict.fromkeys(gone):
            if id_ != into:
                yield Change(
                    ChangeKind.MERGED, object, id_, at, into_id=into, event_id=f"{event_id}/{id_}"
                )
        yield Change(ChangeKind.UPSERTED, object, into, at, event_id=event_id)

    def _id(self, event: Row, name: str = "objectId") -> str:
        id_ = event.get(name)
        text = str(id_) if type(id_) in {int, str} else ""
        if not text.isascii() or not text.isdecimal():
            raise BadPayload(self._source, f"an event has no id as `{name}`")
        return text

    def _at(self, event: Row) -> datetime | None:
        at = event.get("occurredAt")
        moment = _moment(at) if type(at) is int else None
        if at is not None and moment is None:
            raise BadPayload(self._source, "`occurredAt` is not an instant")
        return moment


def _object(noun: str, number: str) -> str | None:
    """The object that an event is of, as it stands in paths; None where we don't know it."""
    if noun == "object":
        return _NUMBERED.get(number, number) or None
    return _OBJECTS.get(noun)


def _listed(items: object) -> Sequence[object]:
    return items if isinstance(items, list) else []


def _moment(milliseconds: int) -> datetime | None:
    if not 0 <= milliseconds < _LATEST_MS:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
