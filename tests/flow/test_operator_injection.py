"""Operators, odd keys and odd values in every place: plain answers, and nothing odd is stored."""

import asyncio
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio
from bson.decimal128 import Decimal128
from pymongo import monitoring

from graph.errors import ErrorCode
from tests.flow.hostile_places import FIELDS, places
from tests.flow.hostile_values import PAYLOADS
from tests.flow.stored import stored
from tests.support.gateway import Caller, a_profile, define, running_gateway

DATABASE = "hostile"
TENANT = "hostile"
OURS = 500
NAMES = tuple(places(""))
FAULTS = {ErrorCode.INTERNAL, ErrorCode.STORE_UNAVAILABLE, ErrorCode.AUDIT_UNAVAILABLE}
CODES = {code.value for code in set(ErrorCode) - FAULTS}
# What the code under app/store uses, and what the driver makes of a count.
OPERATORS = {
    *("$set", "$unset", "$inc", "$max"),
    *("$and", "$all", "$eq", "$gt", "$gte", "$in", "$lt", "$lte", "$nin", "$not", "$regex"),
    *("$match", "$group", "$sum"),
    *("$push", "$each", "$sort", "$slice", "$setOnInsert"),
}
ENVELOPE = {"$db", "$clusterTime", "$readPreference"}
# Hashing a password takes a tenth of a second on purpose; updates read what creations read.
SHARES = {
    **dict.fromkeys(("recordInteraction", "recordConsent", "setPreference", "addLabel"), 5),
    **dict.fromkeys(("mergeProfiles", "unmergeProfiles", "dismissSuggestion"), 5),
    "createProfile.custom.pin": 12,
    "updateProfile.custom.pin": 12,
    "updateProfile": 4,
    "defineField": 3,
}
# What these are told is of no other request: each creates somebody, or only reads.
AT_ONCE = ("createProfile", "recogniseCustomer", "identify", "profile.", "profiles.", "fields.")
LANES = 8
BLANK = {'""', '" "'}  # every text begins with it
TEXTUAL = re.compile(
    r"profiles\.where\.(language|givenName|familyName|custom\.(note|company|code|mail|site|tags))"
    r"\.(equals|startsWith|contains|in\.0)"
)


class Operators(monitoring.CommandListener):
    """The names with a `$` in what a database is asked."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.database_name == DATABASE:
            body = {key: item for key, item in event.command.items() if key not in ENVELOPE}
            self.seen |= {key for key in keys_in(body) if key.startswith("$")}

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


ASKED = Operators()


def keys_in(value: object) -> Iterator[str]:
    """Every key of a document, at any depth."""
    if isinstance(value, Mapping):
        yield from value
        value = list(value.values())
    for item in value if isinstance(value, list | tuple) else ():
        yield from keys_in(item)


def is_money(value: object) -> bool:
    return isinstance(value, dict) and {key: type(item) for key, item in value.items()} == {
        "amount": Decimal128,
        "currency": str,
    }


def is_point(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"latitude", "longitude"}
        and all(type(item) in {int, float} for item in value.values())
    )


TYPES: Mapping[str, Any] = {
    "BOOLEAN": lambda value: type(value) is bool,
    "NUMBER": lambda value: isinstance(value, int | float) and math.isfinite(value),
    "DECIMAL": lambda value: type(value) is Decimal128 and value.to_decimal().is_finite(),
    "MONEY": is_money,
    "DATETIME": lambda value: type(value) is datetime,
    "GEO_POINT": is_point,
    "CHOICE": lambda value: value in {"gold", "silver"},
    "CHOICES": lambda value: value in {"tea", "jam"},
}


def misfits(profile: Mapping[str, Any], kinds: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The custom fields of a stored profile whose value their kind can't hold."""
    found = []
    for storage, value in profile.get("custom", {}).items():
        kind, is_list = kinds[storage]["kind"], kinds[storage]["isList"]
        fits = TYPES.get(kind, lambda item: type(item) is str)
        if is_list or kind == "CHOICES":
            is_right = type(value) is list and all(map(fits, value))
        else:
            is_right = fits(value)
        if not is_right:
            found.append(kinds[storage]["key"])
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def target(document_server, tmp_path_factory):
    """A gateway on a store of its own, whose commands are looked at."""
    monitoring.register(ASKED)
    path = tmp_path_factory.mktemp("hostile")
    async with running_gateway(document_server.uri, path, database=DATABASE) as running:
        await define(running.as_role("admin", tenant=TENANT), FIELDS)
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def people(target) -> tuple[str, str]:
    """Ada, of whom no payload is a value, and Bob, who is changed."""
    service = target.as_role("service", tenant=TENANT)
    ada = await a_profile(
        service,
        name={"given": "Zuleika", "family": "Qwertz"},
        language="tlh",
        custom={
            "note": "zz-4711-zz",
            "company": "zz 4711",
            "code": "zz4711",
            "mail": "zz4711@example.org",
            "site": "https://example.org/zz4711",
            "tags": ["zz-4711-zz"],
        },
    )
    return ada, await a_profile(service, name={"given": "Zebulon"})


def ids(data: Mapping[str, Any]) -> list[str]:
    return [edge["node"]["id"] for edge in data["profiles"]["edges"]]


async def refused_or_told(caller: Caller, body: bytes) -> Any:
    """The data of an answer that is sound: plain JSON, each error with a code of the client's."""
    response = await caller.client.post(
        "/graphql",
        content=body,
        headers={
            "authorization": f"Bearer {caller.token}",
            "content-type": "application/json",
        },
    )
    assert response.status_code < OURS, response.text
    answer = response.json()
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    assert codes <= CODES, response.text
    assert codes or answer["data"], response.text
    return answer.get("data")


def shared_out(name: str) -> tuple[str, ...]:
    """The payloads of a place: all, or every so many, begun at another one in each place."""
    step = SHARES.get(name) or SHARES.get(name.partition(".")[0], 1)
    return PAYLOADS[NAMES.index(name) % step :: step]


def lanes_of(name: str) -> int:
    """How many payloads are under way at once; changes of one profile or schema take turns."""
    return LANES if name.startswith(AT_ONCE) else 1


@pytest.mark.parametrize("name", NAMES)
async def test_whatever_is_sent_here_gets_a_sound_answer_and_leaves_nothing_odd(
    target, people, name
):
    ada, bob = people
    place = places(bob)[name]
    tenant = TENANT if place.role == "service" else f"hostile-{NAMES.index(name)}"
    caller = target.as_role(place.role, tenant=tenant)
    database = target.gateway.database
    ASKED.seen.clear()

    told, found = {}, []
    left = iter(shared_out(name))

    async def ask_in_turn() -> None:
        for payload in left:
            try:
                data = await refused_or_told(caller, place.body(payload))
            except Exception as error:  # noqa: BLE001 - all of them are wanted, with their payloads
                told[payload[:80]] = repr(error)[:300]
                continue
            is_met_by_all = payload == "null" or (payload in BLANK and name.endswith("startsWith"))
            if data and TEXTUAL.fullmatch(name) and not is_met_by_all and ada in ids(data):
                found.append(payload)

    await asyncio.gather(*(ask_in_turn() for _ in range(lanes_of(name))))
    kept = await stored(target, tenant)
    await database["profiles"].delete_many({"tenant": tenant, "id": {"$nin": [ada, bob]}})
    await database["identities"].delete_many({"tenant": tenant})

    assert told == {}
    assert found == []
    assert {key for key in keys_in(list(kept.values())) if key[:1] == "$" or "." in key} == set()
    kinds = {item["storage"] or item["id"]: item for item in kept.get("definitions", ())}
    assert [wrong for item in kept.get("profiles", ()) if (wrong := misfits(item, kinds))] == []
    assert ASKED.seen - OPERATORS == set()
