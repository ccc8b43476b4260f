"""A stand-in for a Salesforce org: what it holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.salesforce.rows import full_id
from tests.support.soql import NoSuchField

CLIENT_ID, CLIENT_SECRET = "client-1", "client-secret-7f3a"
_PREFIXES = {
    "Contact": "003",
    "Lead": "00Q",
    "Topic": "0TO",
    "TopicAssignment": "0Tp",
    "Campaign": "701",
    "CampaignMember": "00v",
    "Task": "00T",
    "Event": "00U",
}
FIELDS = {
    "Contact": {"FirstName": "string", "LastName": "string", "Title": "string", "Email": "email"},
    "Lead": {"LastName": "string", "Email": "email"},
    "Topic": {"Name": "string"},
    "TopicAssignment": {"EntityId": "reference", "TopicId": "reference"},
    "Campaign": {"Name": "string"},
    "CampaignMember": {
        "ContactId": "reference",
        "LeadId": "reference",
        "CampaignId": "reference",
        "Status": "picklist",
    },
    "Task": {
        "WhoId": "reference",
        "Subject": "combobox",
        "TaskSubtype": "picklist",
        "CompletedDateTime": "datetime",
    },
    "Event": {
        "WhoId": "reference",
        "Subject": "combobox",
        "EventSubtype": "picklist",
        "StartDateTime": "datetime",
    },
}
SYSTEM = {
    "Id": "id",
    "IsDeleted": "boolean",
    "CreatedDate": "datetime",
    "SystemModstamp": "datetime",
    "MasterRecordId": "reference",
}
_PARENTS = {"Topic": "TopicId", "Campaign": "CampaignId"}


class Refused(Exception):
    """What the org answers instead."""

    def __init__(self, status: int, code: str, message: str = "x") -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


@dataclass
class Org:
    """The org's records by object and id, its tokens, and what it was asked (`fields_asked`: the
    fields of the last collection).

    `page` is how many rows a query gives at once; `public_key` (PEM) verifies assertions;
    `now` is its clock, which every write moves by a second.
    """

    page: int = 2_000
    public_key: str = ""
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    tables: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in FIELDS}
    )
    tokens: set[str] = field(default_factory=set)
    tokens_given: int = 0
    asked: list[str] = field(default_factory=list)
    fields_asked: list[str] = field(default_factory=list)
    rest: dict[str, tuple[str, list[Any]]] = field(default_factory=dict)

    def create(self, table: str, values: Mapping[str, Any]) -> str:
        """A new record; its id."""
        self._check(table, values)
        id_ = full_id(f"{_PREFIXES[table]}Ab{len(self.tables[table]) + 1:010d}")
        stamp = self._stamp()
        self.tables[table][id_] = {
            "Id": id_,
            "IsDeleted": False,
            "CreatedDate": stamp,
            "SystemModstamp": stamp,
            "MasterRecordId": None,
            **values,
        }
        return id_

    def change(self, table: str, id_: str, values: Mapping[str, Any]) -> None:
        """Other values of a record."""
        self._check(table, values)
        self.of(table, id_).update(values, SystemModstamp=self._stamp())

    def delete(self, table: str, id_: str, into: str | None = None) -> None:
        """A record goes away, `into` another where it is merged."""
        self.of(table, id_).update(
            IsDeleted=True, MasterRecordId=into, SystemModstamp=self._stamp()
        )

    def of(self, table: str, id_: str) -> dict[str, Any]:
        """A record that is there."""
        row = self.tables[table].get(full_id(id_) or "")
        if row is None or row["IsDeleted"]:
            raise Refused(404, "NOT_FOUND")
        return row

    def revoke(self) -> None:
        """No token that was given is taken any more."""
        self.tokens.clear()

    def look(self, table: str, row: Mapping[str, Any], path: str) -> Any:
        """What `path` leads to from a row."""
        first, _, rest = path.partition(".")
        if rest:
            parent = next((one for one in _PARENTS if one.lower() == first.lower()), None)
            owner = parent and self.tables[parent].get(row.get(_PARENTS[parent], ""))
            if not parent:
                raise NoSuchField(first)
            return self.look(parent, owner, rest) if owner else None
        return row.get(self.name_of(table, path))

    def name_of(self, table: str, name: str) -> str:
        """A field as it is written in the org."""
        known = {**SYSTEM, **FIELDS[table]}
        found = next((one for one in known if one.lower() == name.lower()), None)
        if found is None:
            raise NoSuchField(name)
        return found

    def shown(self, table: str, row: Mapping[str, Any], fields: list[str]) -> dict[str, Any]:
        """A row as JSON has it."""
        answer: dict[str, Any] = {"attributes": {"type": table, "url": f"/{table}/{row['Id']}"}}
        for path in fields:
            parent, _, name = path.rpartition(".")
            value = self.look(table, row, path)
            if parent:
                answer.setdefault(parent, {"attributes": {"type": parent}})[name] = value
            else:
                answer[self.name_of(table, name)] = value
        return answer

    def _check(self, table: str, values: Mapping[str, Any]) -> None:
        for name in values:
            if name not in FIELDS[table]:
                told = f"No such column '{name}' on sobject of type {table}"
                raise Refused(400, "INVALID_FIELD", told)

    def _stamp(self) -> str:
        self.now += timedelta(seconds=1)
        return f"{self.now:%Y-%m-%dT%H:%M:%S}.000+0000"
