"""A stand-in for a Dataverse environment: what it holds."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

CLIENT_ID, CLIENT_SECRET, TENANT = "client-1", "client-secret-7f3a", "acme.example"
SETS = {
    "contacts": "contact",
    "new_widgets": "new_widget",
    "activitypointers": "activitypointer",
}
COLUMNS = {
    "contact": {
        "contactid": "Uniqueidentifier",
        "firstname": "String",
        "lastname": "String",
        "jobtitle": "String",
        "emailaddress1": "String",
        "annualincome": "Money",
        "gendercode": "Picklist",
        "_ownerid_value": "Owner",
        "merged": "Boolean",
        "_masterid_value": "Lookup",
        "modifiedon": "DateTime",
    },
    "activitypointer": {
        "activitypointerid": "Uniqueidentifier",
        "activityid": "Uniqueidentifier",
        "activitytypecode": "EntityName",
        "subject": "String",
        "_regardingobjectid_value": "Lookup",
        "actualend": "DateTime",
        "scheduledend": "DateTime",
        "createdon": "DateTime",
        "modifiedon": "DateTime",
    },
    "new_widget": {
        "new_widgetid": "Uniqueidentifier",
        "new_name": "String",
        "modifiedon": "DateTime",
    },
}
LABELS = {"gendercode": {1: "Male", 2: "Female"}}
# A condition calls a link by its own name, a row by that of its value.
_LOOKUPS = {"regardingobjectid": "_regardingobjectid_value"}
READ_ONLY = {"contactid", "new_widgetid", "modifiedon", "merged"}


class Refused(Exception):
    """What the environment answers instead."""

    def __init__(self, status: int, code: str, message: str = "x") -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


@dataclass
class Tables:
    """The records by table and id, in the order they changed; every change has a number.

    `now` is the clock, which every write moves by a second.
    """

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    rows: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in COLUMNS}
    )
    gone: dict[str, dict[str, int]] = field(default_factory=lambda: {name: {} for name in COLUMNS})
    version: int = 1_000
    tokens: dict[str, datetime] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    forgotten_before: int = 0

    def create(self, table: str, values: Mapping[str, Any], id_: str | None = None) -> str:
        """A new record; its id."""
        self.check(table, values)
        id_ = id_ or str(uuid.uuid4())
        empty = dict.fromkeys(COLUMNS[table])
        self.rows[table][id_] = {**empty, f"{table}id": id_, **values}
        self._touch(table, id_)
        return id_

    def change(self, table: str, id_: str, values: Mapping[str, Any]) -> None:
        """Other values of a record, which moves to the end."""
        self.check(table, values)
        row = self.rows[table].pop(id_)
        self.rows[table][id_] = {**row, **values}
        self._touch(table, id_)

    def delete(self, table: str, id_: str) -> None:
        """A record goes away."""
        self.of(table, id_)
        del self.rows[table][id_]
        self.version += 1
        self.gone[table][id_] = self.version

    def of(self, table: str, id_: str) -> dict[str, Any]:
        """A record that is there."""
        if id_ not in self.rows[table]:
            raise Refused(404, "0x80040217", f"contact With Id = {id_} Does Not Exist")
        return self.rows[table][id_]

    def check(self, table: str, names: Mapping[str, Any] | list[str]) -> None:
        """Refuse columns that aren't there."""
        for name in names:
            if name not in COLUMNS[table]:
                told = f"Could not find a property named '{name}' on type 'x.{table}'."
                raise Refused(400, "0x80060888", told)

    def meant(self, table: str, condition: str) -> list[dict[str, Any]]:
        """The rows that a `$filter` means: `In(...)`, or comparisons joined by `and`."""
        rows = list(self.rows[table].values())
        if not condition:
            return rows
        one_of = re.fullmatch(
            r"Microsoft\.Dynamics\.CRM\.In\(PropertyName='(\w+)',PropertyValues=\[(.*)\]\)",
            condition,
        )
        if one_of:
            column = _LOOKUPS.get(one_of[1], one_of[1])
            self.check(table, [column])
            quoted = re.findall(r"'((?:[^']|'')*)'", one_of[2])
            values = {value.replace("''", "'").casefold() for value in quoted}
            return [row for row in rows if str(row[column]).casefold() in values]
        for part in condition.split(" and "):
            compared = re.fullmatch(r"\(?(\w+) eq '?((?:[^']|'')*?)'?\)?", part)
            if not compared:
                raise Refused(400, "0x80060888", "Syntax error in the filter")
            self.check(table, [compared[1]])
            wanted = compared[2].replace("''", "'").casefold()
            rows = [row for row in rows if str(row[compared[1]]).casefold() == wanted]
        return rows

    def _touch(self, table: str, id_: str) -> None:
        self.now += timedelta(seconds=1)
        self.version += 1
        row = self.rows[table][id_]
        row["modifiedon"] = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
        row["@version"] = self.version
