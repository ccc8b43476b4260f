"""How the sandbox CRM shows records, batches, pages and property definitions."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from app.demo.sandbox_records import Record, Records
from app.demo.sandbox_wire import Property, answer, iso


def shown(
    records: Records,
    record: Record,
    properties: Collection[str] = (),
    history: Collection[str] = (),
) -> dict[str, Any]:
    """A record with the properties asked for, or the usual ones where none are.

    Unknown names are left out without a word, as HubSpot does; a known property without a value
    is null.  History is one entry: the sandbox remembers no older values.
    """
    always = {"hs_object_id", records.created_property, records.modified_property}
    names = sorted(always.union(properties or records.defaults) & records.definitions.keys())
    found: dict[str, Any] = {
        "id": record.id,
        "properties": {name: record.values.get(name) for name in names},
        "createdAt": iso(record.created_at),
        "updatedAt": iso(record.updated_at),
        "archived": record.archived_at is not None,
    }
    if record.archived_at:
        found["archivedAt"] = iso(record.archived_at)
    if history:
        found["propertiesWithHistory"] = {
            name: _history(record, name) for name in history if name in records.definitions
        }
    return found


def batch(
    records: Records,
    results: Iterable[dict[str, Any]],
    missing: list[str],
    started_at: datetime,
    *,
    statuses: tuple[HTTPStatus, HTTPStatus],
) -> Response:
    """The answer to a batch; `statuses` are those of a whole and of a partial success."""
    content: dict[str, Any] = {
        "status": "COMPLETE",
        "results": list(results),
        "requestedAt": iso(started_at),
        "startedAt": iso(started_at),
        "completedAt": iso(datetime.now(UTC)),
    }
    if missing:
        content |= {"numErrors": 1, "errors": [_not_found(records, missing)]}
    return answer(content, statuses[bool(missing)])


def paging(next_after: str | None) -> dict[str, Any]:
    """The `paging` of a page: empty on the last one."""
    return {"paging": {"next": {"after": next_after}}} if next_after else {}


def defined(definition: Property) -> dict[str, Any]:
    """A property definition as the properties paths show it."""
    may_change = not definition.hubspot_defined
    return definition.model_dump(by_alias=True) | {
        "archived": False,
        "calculated": False,
        "hidden": False,
        "dataSensitivity": "non_sensitive",
        "modificationMetadata": {
            "archivable": may_change,
            "readOnlyDefinition": not may_change,
            "readOnlyValue": definition.read_only,
        },
    }


def _history(record: Record, name: str) -> list[dict[str, Any]]:
    if name not in record.values:
        return []
    at = iso(record.updated_at)
    return [{"value": record.values[name], "timestamp": at, "sourceType": "API"}]


def _not_found(records: Records, missing: list[str]) -> dict[str, Any]:
    noun = {"contacts": "CONTACT", "companies": "COMPANY", "deals": "DEAL", "tickets": "TICKET"}
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not get some {noun.get(records.object, records.object)} objects.",
        "context": {"ids": missing},
        "links": {},
        "errors": [],
    }
