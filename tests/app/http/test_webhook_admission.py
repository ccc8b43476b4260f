"""Who sends webhooks too often, over HTTP: by address, by source, and by what isn't signed."""

import hmac
import json
import os
from base64 import b64encode
from hashlib import sha256

import httpx2
import pytest
import pytest_asyncio

from app.http.admission import RateLimited
from app.http.settings import HttpSettings
from app.http.webhook_admission import Sender, WebhookAdmission
from app.limit_settings import LimitSettings
from app.settings import Settings
from tests.support.gateway import crm, running_gateway, with_settings

pytestmark = pytest.mark.asyncio(loop_scope="session")
SECRET = "what-hubspot-signs-with"
URL = "https://gateway.example/webhooks/"
CRM, STRANGER = "192.0.2.1", "198.51.100.9"
FEW = LimitSettings(webhooks_per_minute=12, failures_per_minute=4)
MANY_FAILURES = LimitSettings(webhooks_per_minute=6, failures_per_minute=600)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hearing(document_server, tmp_path_factory):
    """A gateway with two HubSpot accounts, `hub` and `also`; its workers are idle."""
    os.environ["WEBHOOK_TEST_SECRET"] = SECRET
    more = {"webhook_secret": "env:WEBHOOK_TEST_SECRET"}
    sources = {
        name: crm("http://127.0.0.1:9", "acme", secret="token", webhook_url=URL + name, **more)
        for name in ("hub", "also")
    }
    path = tmp_path_factory.mktemp("hearing")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.sync.worker.SyncWork.start", lambda _: None)
        async with running_gateway(
            document_server.uri, path, sources=sources, database="hearing"
        ) as gateway:
            yield gateway


async def post(gateway, host, source="hub", *, events=(), is_signed=False, headers=None):
    """The response to a webhook from an address."""
    body = json.dumps(events).encode()
    stamp = str(round(gateway.gateway.wiring.now().timestamp() * 1000))
    message = f"POST{URL}{source}".encode() + body + stamp.encode()
    secret = SECRET if is_signed else "made up"
    told = {
        "x-hubspot-signature-v3": b64encode(hmac.digest(secret.encode(), message, sha256)).decode(),
        "x-hubspot-request-timestamp": stamp,
        **(headers or {}),
    }
    transport = httpx2.ASGITransport(gateway.client._transport.app, client=(host, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        return await client.post(f"/webhooks/{source}", content=body, headers=told)


async def statuses(gateway, host, *sources, **more):
    """The statuses of a webhook for each of `sources`."""
    return [(await post(gateway, host, source, **more)).status_code for source in sources]


async def test_one_too_many_of_an_address_is_a_429_that_says_when_to_come_again(hearing):
    async with with_settings(hearing, limits=FEW) as limited:
        served = await statuses(limited, CRM, *["hub"] * 6, is_signed=True)

        refused = await post(limited, CRM, is_signed=True)
        elsewhere = await statuses(limited, "192.0.2.2", "hub", is_signed=True)

    told = refused.json()
    assert (served, elsewhere) == ([202] * 6, [202])
    assert refused.status_code == 429
    assert 0 < told.pop("retryAfterS") <= 5
    assert told == {"error": "Webhooks come too often.", "code": "RATE_LIMITED"}
    assert 1 <= int(refused.headers["retry-after"]) <= 5


@pytest.mark.parametrize("sources", [["hub"] * 4, ["nobody"] * 4, ["a", "b", "c", "d"]])
async def test_what_is_not_signed_counts_whatever_its_source(hearing, sources):
    async with with_settings(hearing, limits=FEW) as limited:
        refused = await statuses(limited, STRANGER, *sources)
        signed = await statuses(limited, STRANGER, "hub", is_signed=True)
        elsewhere = await statuses(limited, CRM, "hub", is_signed=True)

    assert (refused, signed, elsewhere) == ([401, 401, 429, 429], [429], [202])


async def test_what_comes_too_often_is_not_read(hearing, monkeypatch):
    read = []

    async def note(http, _most):
        read.append(http)
        return b"[]"

    monkeypatch.setattr("app.http.webhooks.read_body", note)
    async with with_settings(hearing, limits=FEW) as limited:
        refused = await statuses(limited, STRANGER, *["hub"] * 20)

    assert (refused, len(read)) == ([401] * 2 + [429] * 18, 2)


async def test_many_addresses_that_never_signed_are_no_more_than_one(hearing):
    async with with_settings(hearing, limits=MANY_FAILURES) as limited:
        strangers = [f"198.51.100.{number}" for number in range(5)]
        refused = [(await post(limited, one)).status_code for one in strangers]
        other_source = await statuses(limited, "198.51.100.77", "also")

    assert (refused, other_source) == ([401] * 3 + [429] * 2, [401])


async def test_who_has_signed_is_kept_out_by_nobody_who_has_not(hearing):
    async with with_settings(hearing, limits=FEW) as limited:
        assert await statuses(limited, CRM, "hub", is_signed=True) == [202]
        refused = await statuses(limited, CRM, *["also"] * 3)
        for number in range(8):
            await post(limited, f"198.51.100.{number}")

        new = await statuses(limited, "192.0.2.2", "hub", is_signed=True)
        known = await statuses(limited, CRM, "hub", is_signed=True)

    assert (refused, new, known) == ([401, 401, 429], [429], [202])


async def test_behind_a_proxy_that_is_not_trusted_sources_alone_are_counted(hearing):
    http = HttpSettings(behind_proxy=True)
    async with with_settings(hearing, limits=FEW, http=http) as limited:
        proxied = await statuses(limited, CRM, *["hub"] * 7, is_signed=True)
        other_source = await statuses(limited, CRM, *["also"] * 7)

    assert (proxied, other_source) == ([202] * 6 + [429], [401] * 6 + [429])


async def test_behind_a_trusted_proxy_its_clients_are_counted_each(hearing):
    http = HttpSettings(behind_proxy=True, trusted_proxies=["127.0.0.1/32"])
    async with with_settings(hearing, limits=FEW, http=http) as limited:

        async def refused(client):
            headers = {"x-forwarded-for": client}
            return await statuses(limited, "127.0.0.1", "hub", headers=headers)

        one = [await refused(CRM) for _ in range(3)]
        other = await refused(STRANGER)

    assert (one, other) == ([[401], [401], [429]], [401])


async def test_nothing_is_counted_where_the_settings_say_so(hearing):
    none = LimitSettings(webhooks_per_minute=0, failures_per_minute=0)
    async with with_settings(hearing, limits=none) as limited:
        assert await statuses(limited, STRANGER, *["hub"] * 10) == [401] * 10


async def test_a_burst_of_full_webhooks_is_taken(hearing):
    async with with_settings(hearing) as usual:
        answers = [
            await post(usual, CRM, events=[an_event(number, n) for n in range(100)], is_signed=True)
            for number in range(10)
        ]

    assert [one.json() for one in answers] == [{"accepted": 100}] * 10


def an_event(number, id):
    """One of the events of a webhook."""
    kind = {"subscriptionType": "contact.propertyChange", "propertyName": "city"}
    return {"eventId": number * 1000 + id, "objectId": id, "occurredAt": 1_790_000_000_000, **kind}


async def test_as_many_are_taken_as_the_settings_say():
    now = 0
    admission = WebhookAdmission(Settings(), lambda: now)
    hub = Sender("hub", CRM)

    def taken(many, sender=hub):
        for count in range(many):
            try:
                admission.count(sender)
            except RateLimited:
                return count
            admission.signed(sender)
        return many

    assert taken(9_000) == 3_000
    now += 60_000_000_000
    assert taken(9_000) == 3_000
    now += 10_000_000
    assert taken(9_000) == 1
    assert taken(9_000, Sender("hub", "192.0.2.2")) == 3_000


async def test_no_more_senders_are_remembered_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr("app.http.webhook_admission._MOST_SIGNERS", 2)
    limits = LimitSettings(webhooks_per_minute=2, failures_per_minute=2)
    admission = WebhookAdmission(Settings(limits=limits), lambda: 0)
    senders = [Sender("hub", f"192.0.2.{number}") for number in range(3)]
    for sender in [*senders, senders[1]]:
        admission.signed(sender)
        admission.refused(sender)

    with pytest.raises(RateLimited):
        admission.count(senders[0])
    for sender in senders[1:]:
        admission.count(sender)
