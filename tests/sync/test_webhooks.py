"""Webhooks: verified on their bytes, kept, and what they tell of is read in a real Tryton."""

import hashlib
import hmac
import json
import os

import pytest

from app.store.refetches import Said
from app.sync.webhooks import Webhooks
from connectors.abilities import Change, ChangeKind
from connectors.errors import BadPayload, BadSignature
from connectors.vendors.tryton import Tryton
from tests.sync.office import PARTY, a_party, change, opened_office

pytestmark = pytest.mark.asyncio(loop_scope="session")
SECRET = "what-it-signs-with"


class SigningTryton(Tryton):
    """A Tryton with a module that sends webhooks, as such modules do."""

    def __init__(self, settings):
        super().__init__(settings)
        self._secret = settings.webhook_secret.encode()

    def received(self, webhook):
        """Changes of an object of ids by event."""
        signed = hmac.new(self._secret, webhook.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signed, webhook.headers.get("x-signature", "")):
            raise BadSignature(self._source, "not signed by it")
        try:
            events = json.loads(webhook.body)
        except ValueError:
            raise BadPayload(self._source, "not JSON") from None
        return [
            Change(ChangeKind.UPSERTED, PARTY, one, event_id=event) for event, one in events.items()
        ]


@pytest.fixture(scope="module")
async def signing_office(document_server, erp, way, tmp_path_factory):
    """An office whose Tryton signs webhooks; its workers are idle."""
    os.environ["SYNC_TEST_WEBHOOK_SECRET"] = SECRET
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.sync.worker.SyncWork.start", lambda _: None)
        patch.setattr("app.sources.connector_of", lambda _: SigningTryton)
        path = tmp_path_factory.mktemp("signing")
        secret = {"webhook_secret": "env:SYNC_TEST_WEBHOOK_SECRET"}
        async with opened_office(
            document_server.uri, erp, path, "signing", address=way.address, **secret
        ) as office:
            yield office


async def post(office, body, *, signature=None, source="erp"):
    """The response to a webhook."""
    signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Signature": signed if signature is None else signature}
    return await office.gateway.client.post(f"/webhooks/{source}", content=body, headers=headers)


async def test_a_webhook_is_taken_down_and_what_it_tells_of_is_read_later(signing_office, erp):
    office, party = signing_office, await a_party(erp, name="Heard of")
    await office.take_on([party])
    office.tryton.reset_calls()
    body = json.dumps({"event-1": party}).encode()

    answers = [await post(office, body) for _ in range(2)]

    assert [(one.status_code, one.json()) for one in answers] == [
        (202, {"accepted": 1}),
        (202, {"accepted": 0}),
    ]
    assert office.tryton.calls == 0
    assert await Webhooks(office.syncing).drain() == 1
    assert (await office.shown())[party]["custom"]["crmName"] == "Heard of"
    assert await Webhooks(office.syncing).drain() == 0


async def test_many_words_of_one_record_are_one_reading(signing_office, erp):
    office, party = signing_office, await a_party(erp, name="Often")
    await office.take_on([party])

    for number in range(5):
        await post(office, json.dumps({f"often-{number}": party}).encode())

    assert await Webhooks(office.syncing).drain() == 1


async def test_nothing_is_lost_while_the_crm_is_away(signing_office, erp, way, monkeypatch):
    office, party = signing_office, await a_party(erp, name="Patient")
    await office.take_on([party])
    await post(office, json.dumps({"away-1": party}).encode())
    way.close()
    await Webhooks(office.syncing).drain()
    assert (await office.shown())[party]["custom"]["crmName"] is None

    way.open()
    monkeypatch.setattr("app.store.refetches._FIRST_PAUSE_S", 0.0)
    await post(office, json.dumps({"away-2": party}).encode())
    await Webhooks(office.syncing).drain()

    assert (await office.shown())[party]["custom"]["crmName"] == "Patient"


async def test_a_webhook_of_a_record_that_is_gone_clears_its_values(signing_office, erp):
    office, party = signing_office, await a_party(erp, name="Going")
    await office.take_on([party])
    await post(office, json.dumps({"going-1": party}).encode())
    await Webhooks(office.syncing).drain()
    await change(erp, party, active=False)

    await post(office, json.dumps({"going-2": party}).encode())
    await Webhooks(office.syncing).drain()

    assert (await office.shown())[party]["custom"]["crmName"] is None


@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        (b'{"forged": "1"}', {"signature": "0" * 64}, 401),
        (b'{"forged": "1"}', {"signature": ""}, 401),
        (b"not json", {}, 400),
        (b"x" * 1_000_001, {}, 413),
        (b"{}", {"source": "crm"}, 401),
        (b"{}", {"source": "erp/x"}, 404),
    ],
)
async def test_what_the_source_did_not_sign_is_refused_and_not_kept(
    signing_office, body, more, status
):
    answer = await post(signing_office, body, **more)

    assert answer.status_code == status
    kept = signing_office.gateway.gateway.database["refetches"]
    assert await kept.count_documents({"record": "1"}) == 0


async def test_a_source_without_a_secret_takes_no_webhook(new_office):
    answer = await post(new_office, b"{}")

    assert answer.status_code == 401


async def test_a_source_that_is_unknown_answers_as_one_that_has_not_signed(signing_office):
    known = await post(signing_office, b"{}", signature="0" * 64)
    unknown = await post(signing_office, b"{}", source="nobody")

    assert (unknown.status_code, unknown.content) == (known.status_code, known.content)


async def test_a_word_of_an_object_that_nobody_copies_costs_no_call(signing_office):
    office, said = signing_office, [Said("party.category", "1", event="uncopied-1")]
    await office.syncing.refetches.hear(office.tenant, "erp", said, office.syncing.now())
    office.tryton.reset_calls()

    assert await Webhooks(office.syncing).drain() == 1

    assert office.tryton.calls == 0
