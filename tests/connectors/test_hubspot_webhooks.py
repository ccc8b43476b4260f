"""Webhooks of HubSpot: what is believed, and what it tells."""

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from connectors.abilities import Webhook
from connectors.base import SourceSettings
from connectors.errors import BadPayload, BadSignature
from connectors.vendors.hubspot import HubSpot
from tests.connectors.example import SECRET

URL = "https://gateway.example/hooks/hub"
APP_SECRET = "app-secret-5e2a"
NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


def at(url, secret=APP_SECRET):
    return HubSpot(SourceSettings("hub", "https://api.crm.example", SECRET, {}, secret, url))


@pytest.fixture
def hubspot():
    return at(URL)


def signed(content, *, at=NOW, secret=APP_SECRET, url=URL, method="POST"):
    stamp = str(round(at.timestamp() * 1000))
    message = f"{method}{url}".encode() + content + stamp.encode()
    signature = b64encode(hmac.digest(secret.encode(), message, sha256)).decode()
    headers = {
        "x-hubspot-signature-v3": signature,
        "x-hubspot-request-timestamp": stamp,
    }
    return Webhook("POST", headers, content, NOW)


def an_event(kind, **more):
    event = {"eventId": 5, "occurredAt": round(NOW.timestamp() * 1000), "objectId": 7}
    return {**event, "subscriptionType": kind, **more}


def told_of(hubspot, *events):
    changes = hubspot.received(signed(json.dumps(events).encode()))
    return [(change.kind.value, change.object, change.id, change.into_id) for change in changes]


def test_events_are_changes(hubspot):
    assert told_of(
        hubspot,
        an_event("contact.propertyChange", propertyName="city", propertyValue="Turin"),
        an_event("company.creation"),
        an_event("contact.deletion"),
        an_event("contact.privacyDeletion"),
        an_event("object.restore", objectTypeId="0-3"),
        an_event("object.creation", objectTypeId="2-3444025"),
        an_event("contact.associationChange"),
        an_event("conversation.newMessage"),
        an_event("object.creation"),
    ) == [
        ("UPSERTED", "contacts", "7", None),
        ("UPSERTED", "companies", "7", None),
        ("DELETED", "contacts", "7", None),
        ("DELETED", "contacts", "7", None),
        ("UPSERTED", "deals", "7", None),
        ("UPSERTED", "2-3444025", "7", None),
    ]


def test_a_merge_tells_who_went_into_whom(hubspot):
    merge = an_event("contact.merge", primaryObjectId=7, mergedObjectIds=[8], newObjectId=9)
    into_primary = an_event("contact.merge", primaryObjectId=7, mergedObjectIds=[8])

    assert told_of(hubspot, merge) == [
        ("MERGED", "contacts", "7", "9"),
        ("MERGED", "contacts", "8", "9"),
        ("UPSERTED", "contacts", "9", None),
    ]
    assert told_of(hubspot, into_primary) == [
        ("MERGED", "contacts", "8", "7"),
        ("UPSERTED", "contacts", "7", None),
    ]


def test_an_event_has_a_name_and_a_time_and_no_values(hubspot):
    event = an_event("contact.propertyChange", propertyValue="secret-value")

    [first] = hubspot.received(signed(json.dumps([event]).encode()))
    [again] = hubspot.received(signed(json.dumps([event]).encode()))

    assert first.event_id == again.event_id
    assert first.at == NOW
    assert "secret-value" not in repr(first)


def test_the_address_is_signed_with_some_characters_written_out():
    webhook = signed(b"[]", url=URL + "?a=:b%20c/")

    assert at(URL + "?a=%3Ab%20c%2f").received(webhook) == []


FORGED = {
    "another secret": signed(b"[]", secret="another"),
    "another address": signed(b"[]", url=URL + "/x"),
    "another method": signed(b"[]", method="PUT"),
    "too old": signed(b"[]", at=NOW - timedelta(minutes=5, seconds=1)),
    "of the future": signed(b"[]", at=NOW + timedelta(minutes=5, seconds=1)),
    "another body": Webhook("POST", signed(b"[]").headers, b"[ ]", NOW),
    "no headers": Webhook("POST", {}, b"[]", NOW),
    "no signature": Webhook(
        "POST",
        {"x-hubspot-request-timestamp": str(round(NOW.timestamp() * 1000))},
        b"[]",
        NOW,
    ),
    "a time that is none": Webhook(
        "POST", {**signed(b"[]").headers, "x-hubspot-request-timestamp": "9" * 30}, b"[]", NOW
    ),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_what_hubspot_did_not_sign_just_now_is_refused(hubspot, forgery):
    with pytest.raises(BadSignature) as raised:
        hubspot.received(FORGED[forgery])

    assert APP_SECRET not in str(raised.value)


def test_without_a_secret_nothing_is_believed():
    for secret, url in [("", URL), (APP_SECRET, "")]:
        with pytest.raises(BadSignature, match="webhook_secret and webhook_url aren't set"):
            at(url, secret).received(signed(b"[]", secret=secret, url=url))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[1]",
        json.dumps([an_event("contact.creation", objectId="x")]).encode(),
        json.dumps([an_event("contact.creation", objectId=True)]).encode(),
        json.dumps([an_event("contact.creation", occurredAt="x")]).encode(),
        json.dumps([an_event("contact.merge")]).encode(),
    ],
)
def test_a_webhook_that_is_signed_and_makes_no_sense_is_a_bad_payload(hubspot, content):
    with pytest.raises(BadPayload):
        hubspot.received(signed(content))
