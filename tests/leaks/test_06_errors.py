"""Leak 6: whatever fails, no value of anybody is in the answer, nor in the log."""

import logging
import secrets
from contextlib import contextmanager
from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from app.store.names import PROFILES, key_of
from graph.wiring import Wiring
from tests.app.http.test_unknown_failures import with_parts
from tests.flow.documents import RECORD
from tests.leaks.worlds import a_tenant, leak_test, letters, person, plans
from tests.support.gateway import Caller, a_profile
from tests.support.random_access import whole_document

PORTS = sorted(
    {one.name for one in fields(Wiring)}
    - {"sources", "normalising", "budget_s", "max_values", "survivorship", "now"}
)
ACTS = (
    'mutation { updateProfile(input: { id: "ID", gender: "CANARY" }) { profile { id } } }',
    """mutation { addIdentity(input: { profileId: "ID", channel: EMAIL, value: "CANARY@b.cd" })
      { profile { id } } }""",
    'mutation { addLabel(input: { profileId: "ID", name: "CANARY" }) { profile { id } } }',
    '{ identify(channel: EMAIL, value: "CANARY@b.cd") { outcome profile { id } } }',
    '{ profiles(where: { familyName: { startsWith: "CANARY" } }) { edges { node { id } } } }',
    """mutation { createProfile(input: { name: { given: "CANARY" }, birthDate: "CANARY" })
      { profile { id } } }""",
    'mutation { updateProfile(input: { id: "ID", custom: { CANARY: "x" } }) { profile { id } } }',
    """mutation { recordInteraction(input: { profileId: "ID", kind: CALL, summary: "CANARY" })
      { interaction { id } } }""",
    '{ profile(id: "CANARY") { id } }',
    '{ profile(id: "ID") { CANARY } }',
)


class Broken:
    """A port of which every method fails, and says so with values of people."""

    def __init__(self, canaries):
        self._canaries = canaries

    def __getattr__(self, name):
        async def method(*given_, **named):
            raise RuntimeError(name, given_, named, self._canaries) from ValueError(self._canaries)

        return method


class Records(logging.Handler):
    """Everything that is logged, but for the driver's own log of commands, off unless asked for."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.texts = []

    def emit(self, record):
        if not record.name.startswith("pymongo."):
            self.texts.append(self.format(record))


@contextmanager
def logged():
    root, handler = logging.getLogger(), Records()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.texts
    finally:
        root.setLevel(before)
        root.removeHandler(handler)


def canaries_of(given_):
    """The texts and numbers in an input that occur nowhere else."""
    for value in given_.values() if isinstance(given_, dict) else given_:
        if isinstance(value, dict | list):
            yield from canaries_of(value)
        elif isinstance(value, str | int) and len(str(value)) > 7:
            yield str(value)


@leak_test(3)
@given(plans(), st.lists(st.sampled_from(PORTS), min_size=3, max_size=3, unique=True))
async def test_a_part_that_fails_takes_no_value_into_answers_or_logs(watched, plan, ports):
    tenant = await a_tenant(watched, plan)
    service = watched.as_role("service", "supervisor", "privacy_officer", tenant=tenant)
    ada = person(plan.schema)
    own = await a_profile(service, **ada)
    told = {"profileId": own, "kind": "CALL", "summary": letters(20)}
    await service.data(RECORD, {"input": told})
    found = [*canaries_of(ada), told["summary"]]
    whole = whole_document(plan.schema.graphql, "profile").replace("0" * 26, "ID")

    for port in ports:
        async with with_parts(watched, **{port: Broken(found)}) as odd:
            caller = Caller(odd.client, service.token)
            for document in (*ACTS, whole):
                sent = letters(12)
                text = document.replace("ID", own)
                with logged() as log:
                    answer = await caller.post(text.replace("CANARY", sent))
                logs = "\n".join(log)
                assert sent not in logs, (port, document)
                assert not [one for one in found if one in logs]
                if "INTERNAL" in answer.text:
                    assert not [one for one in (*found, sent) if one in answer.text]
                    assert "Traceback" not in answer.text
                    assert "RuntimeError" not in answer.text
                    assert "site-packages" not in answer.text


@leak_test(4)
@given(plans(), st.data())
async def test_a_document_that_is_damaged_takes_no_value_into_answers_or_logs(watched, plan, data):
    tenant = await a_tenant(watched, plan)
    service = watched.as_role("service", "supervisor", tenant=tenant)
    own = await a_profile(service, **person(plan.schema))
    profiles = watched.gateway.database[PROFILES]
    key = {"_id": key_of(tenant, own)}
    kept = await profiles.find_one(key)
    places = sorted(set(kept) - {"_id", "tenant", "id", "version", "search"})
    whole = whole_document(plan.schema.graphql, "profile").replace("0" * 26, own)

    for place in data.draw(st.lists(st.sampled_from(places), max_size=6, unique=True)):
        sent = f"canary-{secrets.token_hex(8)}"
        odd = data.draw(st.sampled_from([sent, {"x": sent}, [sent], [{"value": sent}]]))
        await profiles.replace_one(key, {**kept, place: odd})
        with logged() as log:
            answers = [await service.post(whole)]
            answers += [await service.post(one.replace("ID", own)) for one in ACTS[:3]]
        assert sent not in "\n".join(log), place
        for answer in answers:
            for error in answer.json().get("errors", []):
                assert sent not in str(error), place
