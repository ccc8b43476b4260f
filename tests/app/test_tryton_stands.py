"""The real Tryton that other tests lean on answers as they expect it to."""

import json
import subprocess
import sys
from base64 import urlsafe_b64encode

import httpx2
import pytest

from tests.support import tryton as tryton_setup

PARTY = "rest/model/party.party"


@pytest.fixture
def api(tryton):
    """A client of Tryton's REST interface; counting begins with it."""
    headers = {"Authorization": f"Bearer {tryton.key}"}
    with httpx2.Client(base_url=f"{tryton.base_url}/{tryton.database}/", headers=headers) as client:
        tryton.reset_calls()
        yield client


def test_every_seeded_party_is_there(api, tryton):
    answered = api.get(PARTY, params={"f": "code"})

    assert answered.status_code == 200
    assert {one["code"] for one in answered.json()} == {one.code for one in tryton.parties}
    assert len(answered.json()) == len(tryton.parties) == 200


def test_a_batch_of_ids_is_one_call_and_missing_ones_are_left_out(api, tryton):
    asked = tryton.parties[:100]
    ids = [one.id for one in asked]

    answered = api.get(PARTY, params=_where(["id", "in", [*ids, 999_999]], "code", "email"))

    found = {one["id"]: (one["code"], one["email"]) for one in answered.json()}
    assert found == {one.id: (one.code, one.email) for one in asked}
    assert tryton.calls == 1
    assert tryton.requests[0].startswith("GET /crm/rest/model/party.party?")


def test_a_party_has_the_attributes_it_was_given(api, tryton):
    expected = tryton.parties[41]
    fields = ("name", "email", "phone", "lang.code", "categories.name", "write_date")

    [party] = api.get(PARTY, params=_where(["code", "=", expected.code], *fields)).json()

    assert (party["id"], party["name"]) == (expected.id, expected.name)
    assert (party["email"], party["phone"]) == (expected.email, expected.phone)
    assert party["lang"]["code"] == expected.language
    assert [one["name"] for one in party["categories"]] == [expected.category]
    assert party["write_date"]["__class__"] == "datetime"


def test_a_party_is_found_by_its_email(api, tryton):
    expected = tryton.parties[7]

    found = api.get(PARTY, params=_where(["contact_mechanisms.value", "=", expected.email], "code"))

    assert [one["code"] for one in found.json()] == [expected.code]


def test_a_wrong_key_is_refused(api):
    refused = api.get(PARTY, headers={"Authorization": "Bearer wrong"})

    assert refused.status_code == 401


def test_a_change_is_read_back(api, tryton):
    path, name = f"{PARTY}/{tryton.parties[0].id}", tryton.parties[0].name

    api.put(path, json={"name": "Changed"}).raise_for_status()
    changed = api.get(path, params={"f": "name"}).json()["name"]
    api.put(path, json={"name": name}).raise_for_status()

    assert changed == "Changed"
    assert tryton.calls == 3


def test_without_a_package_index_the_message_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(tryton_setup, "_TOOLS", tmp_path)
    monkeypatch.setattr(tryton_setup, "_HOME", tmp_path / "tryton")
    monkeypatch.setattr(tryton_setup, "_VENV", tmp_path / "tryton" / "venv")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")

    with pytest.raises(tryton_setup.TrytonMissing, match=r"^trytond==.* could not be had: ERROR: "):
        tryton_setup.install()


def test_the_install_command_takes_no_other_word():
    command = [sys.executable, "-m", "tests.support.tryton", "uninstall"]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert "usage: python -m tests.support.tryton install" in ended.stderr


def _where(condition, *fields):
    """The parameters of a search, as Tryton's REST interface wants them."""
    domain = urlsafe_b64encode(json.dumps([condition]).encode()).decode()
    return {"d": domain, "f": list(fields)}
