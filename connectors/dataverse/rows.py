"""Dataverse's rows and queries, in our words."""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from connectors.base import Record
from connectors.dataverse.environment import Row, Table, column_of
from connectors.errors import BadPayload

STAMP: Final = "modifiedon"
LABELS: Final = 'odata.include-annotations="OData.Community.Display.V1.FormattedValue"'

_MERGEABLE = frozenset({"contact", "account", "lead", "incident"})
_MERGED, _MASTER = "merged", "_masterid_value"
_LABEL: Final = "@OData.Community.Display.V1.FormattedValue"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"[a-z_][a-z0-9_]{0,127}(@label)?")


def merge_columns(table: Table) -> tuple[str, ...]:
    """The columns that say whether a record was merged away, and into which."""
    return (_MERGED, _MASTER) if table.name in _MERGEABLE else ()


def survivor(row: Row) -> str | None:
    """The record that a row was merged into; None where it wasn't."""
    return guid(str(row.get(_MASTER))) if row.get(_MERGED) is True else None


def guid(text: str) -> str | None:
    """An id as rows have it; None where `text` is none."""
    return text.lower() if _GUID.fullmatch(text) else None


def is_attribute(name: str) -> bool:
    """Whether `name` can be a column's, or what people see of one: `statuscode@label`."""
    return bool(_ATTRIBUTE.fullmatch(name))


def wants_labels(attributes: Collection[str]) -> bool:
    """Whether what people see is asked for, too."""
    return any("@" in name for name in attributes)


def selected(table: Table, attributes: Collection[str], *more: str) -> str:
    """The columns to ask for."""
    columns = {
        table.id,
        STAMP,
        *merge_columns(table),
        *more,
        *(column_of(name) for name in attributes),
    }
    return ",".join(sorted(columns))


def among(column: str, values: Collection[str]) -> str:
    """The condition, as it stands in a query, that a column has one of `values`."""
    listed = ",".join("%27" + quote(value.replace("'", "''"), safe="") + "%27" for value in values)
    return f"Microsoft.Dynamics.CRM.In(PropertyName=%27{column}%27,PropertyValues=%5B{listed}%5D)"


def chunks(values: Sequence[str], max_bytes: int) -> Iterator[Sequence[str]]:
    """Parts of `values` whose conditions stay below `max_bytes`."""
    part: list[str] = []
    for value in values:
        if part and len(among("", [*part, value])) > max_bytes:
            yield part
            part = []
        part.append(value)
    if part:
        yield part


def record_of(source: str, table: Table, row: Row, attributes: Collection[str]) -> Record:
    """A row with those of `attributes` that it has.

    Raises:
        BadPayload: it has no id, or an instant that is none.
    """
    id_ = guid(str(row.get(table.id)))
    if id_ is None:
        raise BadPayload(source, f"a row has no `{table.id}`")
    values = {name: row[_key(name)] for name in attributes if _key(name) in row}
    # A column that is empty has no label.
    absent = [name for name in attributes if name not in values and "@" in name]
    values |= dict.fromkeys((name for name in absent if column_of(name) in row), None)
    etag = row.get("@odata.etag")
    return Record(id_, values, moment(source, row), etag if isinstance(etag, str) else None)


def moment(source: str, row: Row, column: str = STAMP) -> datetime | None:
    """The instant in a column, in UTC; None where it is empty.

    Raises:
        BadPayload: it is none.
    """
    text = row.get(column)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise BadPayload(source, f"`{column}` is not an instant") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _key(attribute: str) -> str:
    column, at, _ = attribute.partition("@")
    return column + _LABEL if at else column
