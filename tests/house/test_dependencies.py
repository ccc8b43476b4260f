"""The lock files agree with pyproject.toml and with each other, and hold no known hole."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.house.tree import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")

# The first version without a hole that matters to a GraphQL server on the open network.
FLOORS = {
    "strawberry-graphql": "0.327.2",
    "graphql-core": "3.3.0",
    "starlette": "1.3.1",
    "uvicorn": "0.49",
    "h11": "0.16.0",
    "joserfc": "1.6.7",
    "pymongo": "4.18.2",
    "orjson": "3.9.15",
    "cryptography": "50.0",
}
# A form parser with a hole a year, an abandoned driver, and a server that is GPL-2.0-only.
UNWANTED = {"python-multipart", "motor", "secantusdb"}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_holds_no_version_with_a_known_hole(lock):
    locked = _locked(lock)

    below = {
        name: locked.get(name)
        for name, floor in FLOORS.items()
        if name not in locked or Version(locked[name]) < Version(floor)
    }

    assert below == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_holds_no_package_we_decided_against(lock):
    assert UNWANTED & _locked(lock).keys() == set()


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("requirements.lock", ["demo"]), ("requirements-dev.lock", ["demo", "resolve", "dev"])],
)
def test_a_lock_file_satisfies_what_the_project_asks_for(lock, extras):
    locked = _locked(lock)

    unmet = [
        str(asked)
        for asked in _asked(extras)
        if not asked.specifier.contains(locked.get(canonicalize_name(asked.name), "0"))
    ]

    assert unmet == []


def test_both_lock_files_hold_the_same_versions():
    small, large = (_locked(lock) for lock in LOCKS)

    assert small.items() - large.items() == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_is_made_of_pins_and_hashes_alone(lock):
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    pin = re.compile(r"[a-z0-9][a-z0-9-]*==[\w.]+( ; [^\\]+)? \\")
    hash_line = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    comment = re.compile(r" *#.*")

    odd = [
        line
        for line in lines
        if not any(kind.fullmatch(line) for kind in (pin, hash_line, comment))
    ]

    assert odd == []


def _locked(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", text, re.MULTILINE))


def _asked(extras: list[str]) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = [line for extra in extras for line in project["optional-dependencies"][extra]]
    return [Requirement(line) for line in (*project["dependencies"], *optional)]
