"""Activities with Dataverse records: those that are set regarding them."""

from collections.abc import Mapping, Sequence
from typing import Final

from connectors.abilities import Fact, FactKind
from connectors.base import Call
from connectors.dataverse.environment import Environment, Row
from connectors.dataverse.rows import among, chunks, guid, moment
from connectors.errors import BadPayload

_SET = "activitypointers"
_OWNER = "_regardingobjectid_value"
_TIMES: Final = ("actualend", "scheduledend", "createdon")
_COLUMNS = ",".join(sorted({"activityid", "activitytypecode", "subject", _OWNER, *_TIMES}))
_QUERY_BYTES = 20_000
_MAX_PAGES = 50


async def activities_of(
    environment: Environment, call: Call, ids: Sequence[str]
) -> Mapping[str, Sequence[Fact]]:
    """The activities with each of `ids`: one call for about 400 of them, more for many pages."""
    found: dict[str, list[Fact]] = {id_: [] for id_ in ids}
    names = {name: id_ for id_ in ids if (name := guid(id_)) is not None}
    for part in chunks([*names], _QUERY_BYTES):
        path = f"/{_SET}?$select={_COLUMNS}&$filter={among('regardingobjectid', part)}"
        for row in await _rows(environment, call, path):
            owner = guid(str(row.get(_OWNER)))
            if owner not in names:
                raise BadPayload(environment.source, "a fact is of nobody who was asked for")
            found[names[owner]].append(_fact(environment.source, row))
    return found


async def _rows(environment: Environment, call: Call, path: str) -> Sequence[Row]:
    rows: list[Row] = []
    following: str | None = path
    for _ in range(_MAX_PAGES):
        if following is None:
            return rows
        answer = await environment.get(call, following)
        rows += environment.rows(answer)
        following = environment.link(answer, "@odata.nextLink", _SET)
    raise BadPayload(environment.source, "a record has too many activities")


def _fact(source: str, row: Row) -> Fact:
    id_, subject = guid(str(row.get("activityid"))), row.get("subject")
    if id_ is None:
        raise BadPayload(source, "an activity has no `activityid`")
    times = [at for name in _TIMES if (at := moment(source, row, name)) is not None]
    name = subject if isinstance(subject, str) and subject else None
    type_ = str(row.get("activitytypecode") or "")
    return Fact(FactKind.ACTIVITY, id_, name, type_, times[0] if times else None)
