"""What a thief of the disk finds: nothing that is sealed, in any encoding one would look for."""

import asyncio
import base64
import csv
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest_asyncio
import re2

from tests.flow.documents import CREATE, RECOGNISE, RECORD, UPDATE
from tests.support.gateway import Caller, define
from tests.support.process import command, serving

PEOPLE = 200
TENANT = "acme"
AT_ONCE = 8
SAVE = "mutation ($input: SaveFilterInput!) { saveFilter(input: $input) { savedFilters { name } } }"
FIELDS = {
    "address": ("STRING", "CONTACT"),
    "diagnosis": ("STRING", "SENSITIVE"),
    "account": ("STRING", "FINANCIAL"),
    "handles": ("STRING", "CONTACT"),
}
_CHANCE = random.Random(4)  # noqa: S311 - invented people
_LETTERS = "abcdefghjkmnopqrstuvwxyz"


@dataclass(slots=True)
class Planted:
    """Values that must not be on the disk, and one class of values that must be."""

    sealed: set[str] = field(default_factory=set)
    clear: set[str] = field(default_factory=set)

    def text(self) -> str:
        """A new value of 14 letters."""
        return self._kept("".join(_CHANCE.choices(_LETTERS, k=14)))

    def email(self) -> str:
        """A new address."""
        return self._kept("".join(_CHANCE.choices(_LETTERS, k=12)) + "@example.org")

    def phone(self) -> str:
        """A new number, E.164."""
        return self._kept(f"+1202{2_000_000 + 557 * len(self.sealed)}")

    def name(self) -> str:
        """A new family name, or external id: their classes aren't sealed."""
        made = "".join(_CHANCE.choices(_LETTERS, k=14))
        self.clear.add(made)
        return made

    def _kept(self, made: str) -> str:
        self.sealed.add(made)
        return made


def needles(value: str) -> Iterator[bytes]:
    """What a value looks like in the encodings that one would try."""
    raw = value.encode()
    yield raw
    yield value.encode("utf-16-le")
    yield value.encode("utf-16-be")
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for ahead in range(3):
        # As part of something longer, it may begin at any of three places of a quartet.
        inner = base64.b64encode(bytes(ahead) + raw)[4 * bool(ahead) : -4]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))
    digits = "".join(letter for letter in value if letter.isdigit())
    if len(digits) >= 10:
        yield digits.encode()
        yield digits[1:].encode()


def found_in(files: Iterable[Path], values: Iterable[str]) -> set[bytes]:
    """Every needle of the values that is in one of the files."""
    options = re2.Options()
    options.max_mem = 2 << 30
    options.encoding = re2.Options.Encoding.LATIN1
    wanted = sorted({needle for value in values for needle in needles(value)})
    pattern = re2.compile(b"|".join(map(re2.escape, wanted)), options)
    return {match.group() for file in files for match in pattern.finditer(file.read_bytes())}


def values_of(planted: Planted) -> dict[str, Any]:
    """Custom values of one person."""
    return {
        "address": planted.text(),
        "diagnosis": planted.text(),
        "account": planted.text(),
        "handles": [planted.text(), planted.text()],
    }


async def each(calls: Iterable[Any]) -> None:
    """Some calls at once, until all are done."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(call: Any) -> None:
        async with limit:
            await call

    await asyncio.gather(*(one(call) for call in calls))


async def create(service: Caller, planted: Planted) -> str:
    identities = [
        {"channel": "VOICE", "value": planted.phone()},
        {"channel": "EMAIL", "value": planted.email()},
        {"channel": "CHAT", "value": planted.text()},
    ]
    given = {"identities": identities, "custom": values_of(planted)}
    name = {"family": planted.name()}
    data = await service.data(CREATE, {"input": {**given, "name": name}})
    return data["createProfile"]["profile"]["id"]


async def changed(service: Caller, planted: Planted) -> None:
    id_ = await create(service, planted)
    await service.data(UPDATE, {"input": {"id": id_, "custom": values_of(planted)}})


async def recognised(service: Caller, planted: Planted) -> None:
    for channel, value in (("EMAIL", planted.email()), ("WHATSAPP", planted.phone())):
        await service.data(RECOGNISE, {"input": {"channel": channel, "value": value}})
        await service.data(RECOGNISE, {"input": {"channel": channel, "value": value}})


async def sought(service: Caller, planted: Planted, number: int) -> None:
    """Look somebody up by a sealed value, and save the filter."""
    where = {"custom": {"address": {"equals": planted.text()}}}
    await service.data(
        "query ($where: ProfileFilter) { profiles(where: $where) { totalCount } }",
        {"where": where},
    )
    await service.data(SAVE, {"input": {"name": f"mine {number}", "where": where}})


async def talked(service: Caller, planted: Planted) -> None:
    """Record a conversation, and what was said in it, twice."""
    id_ = await create(service, planted)
    given = {"profileId": id_, "kind": "CALL", "externalId": planted.name()}
    for _ in range(2):
        said = {name: planted.text() for name in ("subject", "summary", "transcript", "recording")}
        topics = [planted.text(), planted.text()]
        await service.data(RECORD, {"input": {**given, **said, "topics": topics}})


def rows(planted: Planted) -> Iterator[dict[str, str]]:
    for _ in range(PEOPLE):
        values = values_of(planted)
        handles = "|".join(values.pop("handles"))
        custom = {f"custom.{key}": value for key, value in values.items()}
        yield {
            "identities.VOICE": planted.phone(),
            "identities.EMAIL": planted.email(),
            "name.family": planted.name(),
            **custom,
            "custom.handles": handles,
        }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def disk(tmp_path_factory) -> tuple[Planted, list[Path]]:
    """What was planted through every path that writes, and the files of the stopped server."""
    folder, planted = tmp_path_factory.mktemp("disk"), Planted()
    async with (
        serving(folder / "data") as process,
        httpx2.AsyncClient(base_url=process.url, timeout=30) as client,
    ):
        admin, service = (
            Caller(client, process.token(role, tenant=TENANT)) for role in ("admin", "service")
        )
        for key, (kind, data_class) in FIELDS.items():
            more = {"isList": True} if key == "handles" else {"isSearchable": key == "address"}
            await define(admin, [{"key": key, "kind": kind, "dataClass": data_class, **more}])
        await each(create(service, planted) for _ in range(PEOPLE))
        await each(changed(service, planted) for _ in range(PEOPLE))
        await each(recognised(service, planted) for _ in range(PEOPLE))
        await each(talked(service, planted) for _ in range(PEOPLE // 2))
        await each(sought(service, planted, number) for number in range(50))
        people = list(rows(planted))
        with (folder / "people.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, people[0])
            writer.writeheader()
            writer.writerows(people)
        done = await command("import", "people.csv", "--tenant", TENANT, folder=folder)
        assert (done.code, done.err) == (0, "")
    (folder / "people.csv").unlink()
    return planted, [path for path in folder.rglob("*") if path.is_file()]


def test_five_thousand_sealed_values_are_on_the_disk_in_no_encoding(disk):
    planted, files = disk

    assert len(planted.sealed) >= 5_000
    assert found_in(files, planted.sealed) == set()


def test_what_is_not_sealed_is_found_there_by_the_same_search(disk):
    planted, files = disk

    found = found_in(files, planted.clear)

    assert {value.encode() for value in planted.clear} <= found


def test_every_encoding_that_is_tried_would_be_found(tmp_path):
    value = "+12025550123"
    seen = [
        value.encode(),
        value.encode("utf-16-le"),
        value.encode("utf-16-be"),
        value.encode().hex().encode(),
        value.encode().hex().upper().encode(),
        *(base64.b64encode(b"x" * ahead + value.encode() + b"xyz") for ahead in range(3)),
        b"12025550123",
        b"2025550123",
    ]
    for number, text in enumerate(seen):
        (tmp_path / str(number)).write_bytes(b"before" + text + b"after")

    assert all(found_in([tmp_path / str(number)], [value]) for number in range(len(seen)))
