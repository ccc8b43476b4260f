"""Salesforce's records and query language, in our words."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from connectors.base import Record
from connectors.errors import BadPayload

STAMP: Final = "SystemModstamp"
"""When anything in a record last changed, by whomever."""

_ID = re.compile(r"[A-Za-z0-9]{15}([A-Z0-5]{3})?")
_SHORT = 15
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,4}")
_ESCAPED: Final = str.maketrans(
    {"\\": r"\\", "'": r"\'", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
)
_ABSENT: Final = object()


def full_id(text: str) -> str | None:
    """An id in the 18 characters that Salesforce answers with; None where it is none."""
    if not _ID.fullmatch(text):
        return None
    short = text[:_SHORT]
    thirds = (short[start : start + 5] for start in range(0, _SHORT, 5))
    suffix = "".join(
        _SUFFIX[sum(1 << place for place, letter in enumerate(third) if letter.isupper())]
        for third in thirds
    )
    # A suffix that doesn't fit comes from an id whose letters were changed: it names nothing.
    return short + suffix if text[_SHORT:] in {"", suffix} else None


def is_attribute(name: str) -> bool:
    """Whether `name` can be a field's, or a path to one through parents: `Owner.Name`."""
    return bool(_ATTRIBUTE.fullmatch(name))


def quoted(value: str) -> str:
    """`value` as a SOQL literal."""
    return f"'{value.translate(_ESCAPED)}'"


def chunks(values: Sequence[str], max_bytes: int) -> Iterator[Sequence[str]]:
    """Parts of `values` whose literals together stay below `max_bytes` in an address."""
    part: list[str] = []
    size = 0
    for value in values:
        length = len(quote(quoted(value) + ",", safe=""))
        if part and size + length > max_bytes:
            yield part
            part, size = [], 0
        part.append(value)
        size += length
    if part:
        yield part


def listed(values: Collection[str]) -> str:
    """`values` as the right side of an IN."""
    return f"({','.join(quoted(value) for value in values)})"


def record_of(source: str, row: Mapping[str, object], attributes: Collection[str]) -> Record:
    """A row with those of `attributes` that it has.

    Raises:
        BadPayload: it has no id, or an instant that is none.
    """
    id_ = reached(row, "Id")
    if not isinstance(id_, str) or not _ID.fullmatch(id_):
        raise BadPayload(source, "a record has no `Id`")
    found = {name: reached(row, name) for name in attributes}
    values = {name: value for name, value in found.items() if value is not _ABSENT}
    stamp = reached(row, STAMP)
    modified_at = instant(source, stamp if stamp is not _ABSENT else None)
    etag = stamp if isinstance(stamp, str) else None
    return Record(id_, values, modified_at, etag)


def reached(row: Mapping[str, object], path: str) -> object:
    """What `path` leads to, whatever the case of its letters; None behind a parent that is none."""
    level: object = row
    for step in path.split("."):
        if level is None:
            return None
        if not isinstance(level, dict):
            return _ABSENT
        names = {name.lower(): name for name in level}
        if step.lower() not in names:
            return _ABSENT
        level = level[names[step.lower()]]
    return level


def text_of(row: Mapping[str, object], path: str) -> str | None:
    """The text that `path` leads to; None where there is none."""
    value = reached(row, path)
    return value if isinstance(value, str) and value else None


def instant(source: str, text: object) -> datetime | None:
    """An instant of Salesforce's, in UTC.

    Raises:
        BadPayload: it is none.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise BadPayload(source, f"`{STAMP}` or another instant is none") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def literal(moment: datetime) -> str:
    """An instant as SOQL and addresses write it, to the millisecond."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
