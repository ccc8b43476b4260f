"""Verifies webhooks on their raw bytes, and reads what they tell."""

import base64
import hmac
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import orjson

from connectors.abilities import Change, ChangeKind, Webhook
from connectors.base import SourceSettings
from connectors.declarative.asking import Asker
from connectors.declarative.document import SignaturePart, WebhookPart
from connectors.declarative.encodings import Unwritable, as_text
from connectors.declarative.instants import instant
from connectors.declarative.records import text_of
from connectors.declarative.request_parts import HeaderPart
from connectors.errors import BadPayload, BadSignature


def received(
    asker: Asker, settings: SourceSettings, part: WebhookPart, webhook: Webhook
) -> Sequence[Change]:
    """See `connectors.abilities.SignsWebhooks`."""
    if not settings.webhook_secret:
        raise BadSignature(asker.source, "no webhook_secret is set, so no webhook is believed")
    if part.signature:
        _check_signature(settings, part.signature, webhook)
    elif part.expects:
        _check_expected(asker, settings, part.expects, webhook)
    return [
        _change(asker, part, event) for event in asker.rows(part.select, _parsed(asker, webhook))
    ]


def _check_signature(settings: SourceSettings, part: SignaturePart, webhook: Webhook) -> None:
    secret = settings.webhook_secret.encode()
    message = b"".join(_signed(settings, name, webhook) for name in part.over)
    digest = hmac.digest(secret, message, part.hash)
    right = digest.hex() if part.encoding == "hex" else base64.b64encode(digest).decode()
    given = webhook.headers.get(part.header.lower(), "")
    if not hmac.compare_digest(f"{part.prefix}{right}".encode(), given.encode()):
        raise BadSignature(settings.name, "the signature is wrong, or there is none")
    if part.timestamp is not None:
        sent_at = _moment(webhook.headers.get(part.timestamp.lower(), ""))
        off_s = abs((webhook.received_at - sent_at).total_seconds()) if sent_at else math.inf
        if off_s > part.max_age_s:
            raise BadSignature(settings.name, "the webhook is too old, or says no time")


def _signed(settings: SourceSettings, name: str, webhook: Webhook) -> bytes:
    if name == "body":
        return webhook.body
    if name == "method":
        return webhook.method.encode()
    if name == "url":
        return settings.webhook_url.encode()
    return webhook.headers.get(name.removeprefix("header:").lower(), "").encode()


def _check_expected(
    asker: Asker, settings: SourceSettings, part: HeaderPart, webhook: Webhook
) -> None:
    scope = {**asker.scope, "secret": settings.webhook_secret}
    try:
        right = part.value.text(scope, as_text) or ""
    except Unwritable as error:
        raise BadSignature(asker.source, f"{error}: check the options") from None
    given = webhook.headers.get(part.name.lower(), "")
    if not right or not hmac.compare_digest(right.encode(), given.encode()):
        raise BadSignature(asker.source, f"the header {part.name} isn't what it must be")


def _parsed(asker: Asker, webhook: Webhook) -> object:
    # Raised outside of the handler: orjson's error carries the body.
    with suppress(orjson.JSONDecodeError):
        parsed: object = orjson.loads(webhook.body)
        return parsed
    raise BadPayload(asker.source, "the webhook is not JSON")


def _change(asker: Asker, part: WebhookPart, event: object) -> Change:
    object_, id_ = (text_of(asker.found(one, event)) for one in (part.object, part.id))
    if object_ is None or id_ is None:
        raise BadPayload(asker.source, "an event doesn't say which record it is about")
    told = text_of(asker.found(part.kind, event)) or ""
    into = text_of(asker.found(part.into, event))
    try:
        at = instant(asker.found(part.at, event))
    except ValueError:
        raise BadPayload(asker.source, "an event's time is not an instant") from None
    return Change(
        ChangeKind.MERGED if into else _kind(part.kinds, told),
        part.objects.get(object_, object_),
        id_,
        at,
        into_id=into,
        event_id=text_of(asker.found(part.event_id, event)),
    )


def _kind(kinds: Mapping[str, ChangeKind], told: str) -> ChangeKind:
    return kinds.get(told, ChangeKind.UPSERTED)


def _moment(text: str) -> datetime | None:
    try:
        return instant(float(text)) if text.replace(".", "", 1).isdecimal() else instant(text)
    except ValueError:
        return None
