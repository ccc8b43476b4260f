"""`profile-gateway access`, as users run it, beside a gateway that serves."""

import json

from tests.support.gateway import a_profile, running_gateway
from tests.support.process import command

SEEN = "query ($id: ID!) { profile(id: $id) { birthDate } }"
STRICT = """
[roles.agent.fields]
"Profile.birthDate" = []
"""


async def test_rules_are_checked_put_in_force_and_shown(document_server, tenant, tmp_path):
    store = {"STORE__URI": document_server.uri, "STORE__DATABASE": tenant}
    strict = '[roles.agent]\nread = ["PUBLIC"]\n' + STRICT
    (tmp_path / "rules.toml").write_text(strict, encoding="utf-8")
    async with running_gateway(document_server.uri, tmp_path, database=tenant) as gateway:
        ada = await a_profile(gateway.as_role("service", tenant=tenant), birthDate="1985-12-10")
        agent = gateway.as_role("agent", tenant=tenant)
        before = await agent.data(SEEN, {"id": ada})

        ran = [
            await command("access", *words, folder=tmp_path, **store)
            for words in (
                ("show", "--tenant", tenant, "--json"),
                ("check", "rules.toml"),
                ("apply", "rules.toml", "--tenant", tenant, "--if-revision", "0"),
                ("apply", "rules.toml", "--tenant", tenant, "--if-revision", "0"),
                ("show", "--tenant", tenant),
                ("show", "--tenant", tenant, "--json"),
            )
        ]
        codes = await agent.codes(SEEN, {"id": ada})

    assert before == {"profile": {"birthDate": "1985-12-10"}}
    assert codes == ["FIELD_FORBIDDEN"]
    assert [done.code for done in ran] == [0, 0, 0, 1, 0, 0]
    nothing, checked, applied, refused, shown, told = ran
    assert json.loads(nothing.out) == {"text": "", "revision": 0, "by": None, "at": None}
    assert checked.out == "These rules can be put in force.\n"
    assert applied.out == f"In force for {tenant}: revision 1.\n"
    assert refused.err == "Somebody else changed the access rules: read them again.\n"
    assert shown.out == strict
    assert json.loads(told.out)["revision"] == 1


async def test_what_are_no_rules_is_told_and_not_put_in_force(tmp_path):
    (tmp_path / "rules.toml").write_text("[roles.boss]\n", encoding="utf-8")

    wrong = await command("access", "check", "rules.toml", folder=tmp_path)
    absent = await command("access", "check", "no.toml", folder=tmp_path)
    usage = await command("access", "show", folder=tmp_path)

    assert (wrong.code, absent.code, usage.code) == (1, 1, 2)
    assert wrong.err.startswith("unknown role: boss; known: admin, ")
    assert absent.err == "no.toml: No such file or directory\n"
    assert "--tenant" in usage.err
