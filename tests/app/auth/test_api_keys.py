"""Keys of partners, kept in a real store: who gets in with one, and what is asked of the store."""

import secrets
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import monitoring

from app.auth.api_keys import ApiKey
from app.auth.authenticator import Authenticator
from app.auth.errors import KeySetUnavailable, Unauthenticated
from app.auth.key_form import key_digest, key_id, new_key
from app.auth.origin import Origin
from app.auth.settings import AuthSettings
from app.store.api_keys import MongoApiKeys
from app.store.client import open_client
from policies.principal import Principal

DATABASE = f"api-keys-{secrets.token_hex(4)}"
NOBODY = "The key isn't one of ours."
DIGITS = string.digits + string.ascii_letters
EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Reads(monitoring.CommandListener):
    """How often the keys were read."""

    count = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.database_name == DATABASE and event.command_name == "find":
            self.count += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


READS = Reads()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kept(document_server):
    monitoring.register(READS)
    client = open_client(document_server.uri, 5.0)
    monitoring._LISTENERS.command_listeners.remove(READS)
    yield MongoApiKeys(client[DATABASE])
    await client.close()


@pytest.fixture
def authenticator(kept, http, clock):
    return Authenticator(AuthSettings(development=False), http, None, clock, kept_keys=kept)


@pytest.fixture
async def key(kept, clock):
    """A partner's key, which counts for a day."""
    return await issued(kept, clock)


async def issued(kept, clock, **changes) -> str:
    name, text = new_key()
    made = ApiKey(
        name,
        "acme",
        "Billing Inc.",
        key_digest(text),
        frozenset({"partner"}),
        (),
        created_at=instant(clock.now),
        expires_at=instant(clock.now) + timedelta(days=1),
    )
    await kept.add(replace(made, **changes))
    return text


def instant(now: float) -> datetime:
    return datetime.fromtimestamp(now, UTC)


async def reason(authenticator, key, origin=None) -> str:
    with pytest.raises(Unauthenticated) as refusal:
        await authenticator.principal(f"Bearer {key}", *([origin] if origin else []))
    assert type(refusal.value) is Unauthenticated
    assert refusal.value.__cause__ is None
    return refusal.value.reason


async def test_a_key_stands_for_its_tenant_and_roles_and_for_nobody_with_a_second_factor(
    authenticator, key
):
    principal = await authenticator.principal(f"Bearer {key}")

    assert principal == Principal(
        "acme", key_id(key), frozenset({"partner"}), has_second_factor=False, client="Billing Inc."
    )


async def test_what_is_kept_is_a_digest(kept, key):
    document = await kept._keys.find_one({"_id": key_id(key)})

    assert document["digest"] == key_digest(key)
    assert key.rpartition("_")[2] not in str(document)


def test_keys_are_as_random_as_thirty_two_bytes_and_have_one_length():
    keys = {new_key()[1] for _ in range(2000)}

    assert len(keys) == 2000
    assert {len(key) for key in keys} == {4 + 16 + 1 + 43}
    assert all(key_id(key) for key in keys)


async def test_a_key_is_read_once_in_three_seconds_however_often_it_comes(
    authenticator, key, clock
):
    before = READS.count
    for _ in range(20):
        await authenticator.principal(f"Bearer {key}")
        clock.now += 0.14
    in_three_seconds = READS.count - before
    clock.now += 0.3
    await authenticator.principal(f"Bearer {key}")

    assert (in_three_seconds, READS.count - before) == (1, 2)


async def test_a_revoked_key_is_refused_within_three_seconds(authenticator, kept, key, clock):
    await authenticator.principal(f"Bearer {key}")
    assert await kept.revoke(key_id(key), instant(clock.now))

    clock.now += 3

    assert await reason(authenticator, key) == "The key was revoked."


async def test_a_key_is_revoked_once(kept, key, clock):
    first = instant(clock.now).replace(microsecond=0)
    assert await kept.revoke(key_id(key), first)
    assert await kept.revoke(key_id(key), first + timedelta(days=1))

    assert (await kept.find(key_id(key))).revoked_at == first
    assert not await kept.revoke("nobodys", first)


async def test_a_key_ends_when_it_expires_even_if_it_is_remembered(authenticator, kept, clock):
    key = await issued(kept, clock, expires_at=instant(clock.now) + timedelta(seconds=2))
    await authenticator.principal(f"Bearer {key}")

    clock.now += 2

    assert await reason(authenticator, key) == "The key has expired."


@pytest.mark.parametrize(
    ("address", "is_inside"),
    [
        ("10.1.2.3", True),
        ("10.255.255.255", True),
        ("11.0.0.0", False),
        ("2001:db8::7", True),
        ("2001:db9::7", False),
        (None, False),
    ],
)
async def test_a_key_of_networks_counts_there_alone(authenticator, kept, clock, address, is_inside):
    key = await issued(kept, clock, networks=("10.0.0.0/8", "2001:db8::/32"))
    origin = Origin(address and ip_address(address))

    if is_inside:
        assert (await authenticator.principal(f"Bearer {key}", origin)).tenant == "acme"
    else:
        assert await reason(authenticator, key, origin) == "The key isn't for this network."


async def test_a_key_that_was_used_at_home_is_refused_elsewhere_although_it_is_remembered(
    authenticator, kept, clock
):
    key = await issued(kept, clock, networks=("10.0.0.0/8",))
    await authenticator.principal(f"Bearer {key}", Origin(ip_address("10.0.0.1")))

    assert await reason(authenticator, key, Origin(ip_address("8.8.8.8"))) == (
        "The key isn't for this network."
    )


def swapped(key: str, other: str) -> str:
    """The id of one key with the secret of another."""
    return key[:21] + other[21:]


HOSTILE = {
    "the id alone": lambda key, _: key[:20],
    "an empty secret": lambda key, _: key[:21],
    "without its last character": lambda key, _: key[:-1],
    "a character more": lambda key, _: key + "0",
    "another key's id": lambda key, other: swapped(other, key),
    "another key's secret": swapped,
    "an unknown id": lambda key, _: f"cpg_{'0' * 16}{key[20:]}",
    "an unknown version": lambda key, _: key.replace("cpg_", "cpg_2_"),
    "the digest for the secret": lambda key, _: f"{key[:21]}{key_digest(key)[:43]}",
    "the digest": lambda key, _: f"cpg_{key_digest(key)}",
    "a path for an id": lambda key, _: f"cpg_../../../../../00{key[20:]}",
    "an operator for an id": lambda key, _: "cpg_$ne" + key[7:],
    "padding": lambda key, _: key + "=",
    "a signed token's form": lambda key, _: f"{key}.{key}.{key}",
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_a_hostile_key_is_refused(authenticator, kept, key, clock, what):
    other = await issued(kept, clock)
    hostile = HOSTILE[what](key, other)

    told = await reason(authenticator, hostile)

    assert told in {NOBODY, "The bearer token isn't a signed JSON Web Token."}
    assert key[21:] not in told


@pytest.mark.parametrize("version", ["cpg2_", "CPG_", "cpg-", "xcpg_", "sk_live_"])
async def test_a_key_of_another_kind_is_no_token_at_all(authenticator, key, version):
    assert await reason(authenticator, version + key[4:]) == (
        "The bearer token isn't a signed JSON Web Token."
    )


async def test_every_strict_prefix_of_a_key_is_refused(authenticator, key):
    for length in range(len("cpg_"), len(key)):
        assert await reason(authenticator, key[:length]) == NOBODY, length


@EXAMPLES
@given(at=st.integers(4, 63), digit=st.sampled_from(DIGITS + "_-.~"))
async def test_any_one_character_changed_is_refused(authenticator, key, at, digit):
    if key[at] == digit:
        return

    assert await reason(authenticator, key[:at] + digit + key[at + 1 :]) in {
        NOBODY,
        "The bearer token isn't a signed JSON Web Token.",
    }


@EXAMPLES
@given(text=st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=80))
async def test_any_text_after_the_prefix_is_refused(authenticator, text):
    with pytest.raises(Unauthenticated):
        await authenticator.principal(f"Bearer cpg_{text}")


async def test_without_the_store_a_key_is_neither_accepted_nor_refused(http, clock, key):
    client = open_client("mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=100", 0.3)
    authenticator = Authenticator(
        AuthSettings(), http, None, clock, kept_keys=MongoApiKeys(client[DATABASE])
    )

    with pytest.raises(KeySetUnavailable, match="can't be checked now"):
        await authenticator.principal(f"Bearer {key}")
    await client.close()
