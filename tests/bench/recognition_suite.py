"""How well duplicates are found: online and by the batch job, beside a textbook's way."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

from app.imports.order import Format, Order
from app.imports.run import import_rows
from app.merge_settings import link_policy_of
from app.resolve.linking import Linking
from app.resolve.run import Resolve
from app.sealing import opened_sealing
from app.store.attach import attached_store
from app.store.embedded import EmbeddedServer
from app.store.names import PROFILES, SUGGESTIONS
from graph.model.normalising import Normalising
from tests.bench.known_people import KnownPeople, Pairs, known_people, textbook
from tests.bench.rows import Row, compared
from tests.support.gateway import Caller, TestGateway, define, running_gateway

SUITE = "recognition"
CASES = ("febrl3", "febrl4", "febrl4-no-ssn", "pseudopeople")
LEAST_SCORE = 0.9
_BASELINE = "textbook"
_FIRST = """
query ($after: String) { profiles(first: 100, after: $after) {
  edges { node { id identities { value } } } pageInfo { hasNextPage endCursor } } }
"""
_SUGGESTED = """
query ($id: ID!) { profile(id: $id) { suggestions(first: 100) { score profile { id } } } }
"""
_NUMBERS = ("soc_sec_id", "ssn")
_IDENTITY = (*_NUMBERS, "middle")


async def run(progress: Callable[[str], None]) -> list[Row]:
    """The rows of all cases."""
    rows: list[Row] = []
    with TemporaryDirectory() as folder:
        async with EmbeddedServer(Path(folder) / "db") as server:
            for case in CASES:
                rows += await _case(case, server.uri, Path(folder), progress)
    return compared(rows, _BASELINE)


async def _case(case: str, uri: str, folder: Path, progress: Callable[[str], None]) -> list[Row]:
    progress(f"{case}: data")
    people = known_people(case, folder)
    found = {_BASELINE: textbook(people)}
    database = case.replace("-", "_")
    async with running_gateway(uri, folder, database=database) as gateway:
        progress(f"{case}: {len(people.rows)} profiles")
        await _import(gateway, people, case)
        supervisor = gateway.as_role("supervisor", tenant=case)
        names = await _names(supervisor)
        progress(f"{case}: batch")
        found["batch"] = await _batch(gateway, case, names)
        progress(f"{case}: online")
        found["online"] = await _online(supervisor, names)
        if number := next((one for one in _NUMBERS if one in people.attributes), None):
            progress(f"{case}: linked without a person")
            found["linked"] = await _linked(gateway, case, names, f"custom.{_key(number)}")
    return [row for subject in found for row in _rows(case, subject, found[subject], people)]


async def _import(gateway: TestGateway, people: KnownPeople, case: str) -> None:
    admin = gateway.as_role("admin", tenant=case)
    fields = [
        {
            "key": _key(name),
            "kind": "STRING",
            "dataClass": "IDENTITY" if name in _IDENTITY else "CONTACT",
        }
        for name in people.attributes
    ]
    await define(admin, fields)
    file = people.file.with_suffix(".jsonl")
    file.write_text("\n".join(json.dumps(_target(row, people)) for row in people.rows))
    settings = gateway.gateway.settings
    order = Order(
        file=file,
        tenant=case,
        format=Format.JSONL,
        dead_letters=file.with_suffix(".dead"),
        normalising=Normalising(),
    )
    async with (
        attached_store(settings) as store,
        opened_sealing(settings, store.client) as sealing,
    ):
        await import_rows(order, store, sealing, lambda *_: None)


def _target(row: dict[str, str], people: KnownPeople) -> dict[str, str]:
    given = {
        "name.given": row["given"],
        "name.family": row["family"],
        "birthDate": _day(row["born"]),
        "identities.OTHER": row["id"],
        **{f"custom.{_key(name)}": row[name] for name in people.attributes},
    }
    return {name: text for name, text in given.items() if text}


def _key(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _day(text: str) -> str:
    """A day as the store takes it; none where the data has one that never was."""
    try:
        day = datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return ""
    return str(day) if date(1850, 1, 1) <= day <= datetime.now(UTC).date() else ""


async def _names(caller: Caller) -> dict[str, str]:
    """What the data calls each profile."""
    names: dict[str, str] = {}
    after = None
    while True:
        page = (await caller.data(_FIRST, {"after": after}))["profiles"]
        for edge in page["edges"]:
            names[edge["node"]["id"]] = edge["node"]["identities"][0]["value"]
        if not page["pageInfo"]["hasNextPage"]:
            return names
        after = page["pageInfo"]["endCursor"]


async def _batch(gateway: TestGateway, case: str, names: dict[str, str]) -> Pairs:
    settings = gateway.gateway.settings
    async with (
        attached_store(settings) as store,
        opened_sealing(settings, store.client) as sealing,
    ):
        await Resolve(store, sealing, case, lambda *_: None).run(LEAST_SCORE, is_dry=False)
        kept = await store.database[SUGGESTIONS].find({}).to_list()
    return {frozenset(names[one] for one in item["profiles"]) for item in kept}


async def _linked(gateway: TestGateway, case: str, names: dict[str, str], number: str) -> Pairs:
    """The pairs that `resolve --link` makes one person, by the usual threshold."""
    settings = gateway.gateway.settings
    policy = link_policy_of(settings.merging.model_copy(update={"link_by": (number,)}), case)
    async with (
        attached_store(settings) as store,
        opened_sealing(settings, store.client) as sealing,
    ):
        linking = Linking(store, sealing, case, policy, lambda: datetime.now(UTC))
        work = Resolve(store, sealing, case, lambda *_: None, linking)
        await work.run(LEAST_SCORE, is_dry=False)
        query = {"members": {"$exists": True}}
        kept = await store.database[PROFILES].find(query, {"id": 1, "members.id": 1}).to_list()
    groups = [[one["id"], *(member["id"] for member in one["members"])] for one in kept]
    pairs = (pair for group in groups for pair in combinations(group, 2))
    return {frozenset(names[one] for one in pair) for pair in pairs}


async def _online(caller: Caller, names: dict[str, str]) -> Pairs:
    found: Pairs = set()
    for profile, name in names.items():
        answer = await caller.data(_SUGGESTED, {"id": profile})
        for item in answer["profile"]["suggestions"]:
            if item["score"] >= LEAST_SCORE:
                found.add(frozenset((name, names[item["profile"]["id"]])))
    return found


def _rows(case: str, subject: str, found: Pairs, people: KnownPeople) -> list[Row]:
    doubles = people.doubles
    right = len(found & doubles)
    precision, recall = right / max(1, len(found)), right / len(doubles)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    told = {"precision": precision, "recall": recall, "f1": f1}
    return [Row(SUITE, case, subject, name, round(value, 5), "") for name, value in told.items()]
