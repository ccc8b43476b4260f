"""Rows with identifiers that several share, and with addresses of one mailbox."""

from datetime import UTC, datetime

import pytest

from app.store.profiles import MongoProfiles
from graph.model.channel import Channel
from graph.model.identity import Identity, identity_name
from graph.model.ids import new_id
from graph.model.normalising import Normalising
from graph.model.profile import Profile
from graph.model.search import Findable
from graph.ports import Found, NamedIdentity
from policies.plan import Scope
from tests.support.authors import TESTER

TEAM = identity_name(Channel.EMAIL, "team@example.com", "US")


@pytest.fixture
async def profiles(importing):
    """The store, in which one profile shares team@."""
    async with importing.sealing() as sealing:
        store = importing.store
        found = MongoProfiles(store.client, store.database, sealing, lambda: datetime.now(UTC))
        team = Identity(channel=Channel.EMAIL, value=TEAM.value, shared=True)
        ada, scope = Profile(id=new_id(), version=1), Scope(importing.tenant)
        await found.create(ada, Findable(), [NamedIdentity(TEAM, team)], scope, TESTER)
        yield found


async def test_rows_share_what_is_shared_and_are_found_by_the_rest(importing, profiles):
    rows = ["identities.EMAIL,name.given"]
    rows += [f"team@example.com|a{number}@example.com,Ada" for number in range(4)]
    file = importing.file("a.csv", "\n".join(rows))

    outcome = await importing.do(file)
    again = await importing.do(importing.file("b.csv", "\n".join([*rows, ""])))

    found = await profiles.find(TEAM, Scope(importing.tenant))
    assert (outcome.created, outcome.bad, again.created, again.bad) == (4, 0, 0, 0)
    assert (found.profile, len(found.sharing)) == (None, 5)
    claim = await importing.store.database.identities.find_one({"shared": True})
    assert claim["holders"] == 5


@pytest.mark.usefixtures("profiles")
async def test_a_row_that_has_nothing_else_is_refused(importing):
    file = importing.file("a.csv", "identities.EMAIL,name.given\nteam@example.com,Ada\n")

    outcome = await importing.do(file)

    assert (outcome.created, outcome.updated, outcome.bad) == (0, 0, 1)
    assert "several share this" in file.with_name("a.csv.dead.jsonl").read_text()


async def test_rows_of_one_mailbox_are_one_person_where_the_tenant_says_so(importing, profiles):
    text = "identities.EMAIL,name.given\na.da@gmail.com,Ada\nada+shop@gmail.com,Ada\n"
    file = importing.file("a.csv", text)

    outcome = await importing.do(file, normalising=Normalising(email_providers=True))

    name = identity_name(Channel.EMAIL, "a.da@gmail.com", "US")
    assert (outcome.created, outcome.updated, outcome.bad) == (1, 1, 0)
    assert await profiles.find(name, Scope(importing.tenant)) != Found()
