"""`profile-gateway sync`: what it prints, and how it fails."""

import json

import pytest

from tests.support.process import command
from tests.sync.office import a_party

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_it_tells_what_it_did_in_words_and_in_json(office, erp, tmp_path):
    party = await a_party(erp, name="Ada")
    await office.take_on([party])
    (tmp_path / "gateway.toml").write_text(office.settings_file, "utf-8")
    path = {"STORE__PATH": str(office.folder)}

    told = await command("sync", "erp", folder=tmp_path, **path)
    again = await command("sync", "erp", "--json", folder=tmp_path, **path)

    assert told.code == 0
    assert "party.party\n" in told.out
    assert "        1 changed\n" in told.out
    assert "Ada" not in told.out + told.err
    answer = json.loads(again.out)
    assert (answer["source"], answer["objects"][0]["object"]) == ("erp", "party.party")
    assert (answer["objects"][0]["changed"], answer["objects"][0]["full"]) == (0, False)
    assert (await office.shown())[party]["custom"]["crmName"] == "Ada"


async def test_it_says_which_sources_there_are(office, tmp_path):
    (tmp_path / "gateway.toml").write_text(office.settings_file, "utf-8")

    wrong = await command("sync", "epr", folder=tmp_path, STORE__PATH=str(office.folder))

    assert (wrong.code, wrong.out) == (1, "")
    assert wrong.err == "There is no source 'epr'; did you mean erp?\n"
