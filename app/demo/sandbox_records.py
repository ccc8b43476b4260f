"""The sandbox CRM's memory: CRM objects, their properties, their records.  Nothing is kept."""

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus

from app.demo.sandbox_values import InvalidValue, stored
from app.demo.sandbox_wire import Property, Refused, Value, iso

FIRST_ID = 101
_CONTACT = ("firstname", "lastname", "phone", "mobilephone", "company", "jobtitle", "city")
_OWN_PROPERTIES: dict[str, tuple[str, ...]] = {
    "contacts": ("email", *_CONTACT, "country", "lifecyclestage", "hs_language"),
    "companies": ("name", "domain", "industry", "phone", "city", "country"),
    "deals": ("dealname", "dealstage", "pipeline", "amount", "closedate"),
    "tickets": ("subject", "content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority"),
}
_DEFAULT_PROPERTIES: dict[str, tuple[str, ...]] = {
    "contacts": ("email", "firstname", "lastname"),
    "companies": ("name", "domain"),
    "deals": ("dealname", "amount", "closedate", "pipeline", "dealstage"),
    "tickets": ("subject", "content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority"),
}
_TYPES = {"amount": "number", "closedate": "datetime"}


@dataclass(frozen=True, slots=True)
class Record:
    """One record.  `values` has no key where the property is empty."""

    id: str
    values: Mapping[str, str]
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None


class Records:
    """The records of one CRM object, by id and by every unique property."""

    def __init__(self, object: str) -> None:
        self.object = object
        self.defaults = _DEFAULT_PROPERTIES.get(object, ())
        self.created_property = "createdate" if object in _OWN_PROPERTIES else "hs_createdate"
        self.modified_property = (
            "lastmodifieddate" if object == "contacts" else "hs_lastmodifieddate"
        )
        self.definitions: dict[str, Property] = {}
        self._by_id: dict[str, Record] = {}
        self._order: list[int] = []
        self._unique: dict[str, dict[str, str]] = {}
        self._declare_built_ins()

    def declare(self, definition: Property) -> None:
        """Add a property.

        Raises:
            Refused: it is there already.
        """
        if definition.name in self.definitions:
            raise Refused(HTTPStatus.CONFLICT, "CONFLICT", f"Property {definition.name} exists.")
        self.definitions[definition.name] = definition
        if definition.has_unique_value:
            self._unique[definition.name] = {}

    def find(self, value: str, by: str = "id", *, archived: bool = False) -> Record | None:
        """The record whose id or unique property `by` has `value`, or None.

        Raises:
            Refused: `by` is no unique property.
        """
        if by in {"id", "hs_object_id"}:
            found = self._by_id.get(value)
        elif by in self._unique:
            found = self._by_id.get(self._unique[by].get(_folded(by, value), ""))
        else:
            raise Refused.malformed(f"{by} is not a unique property of {self.object}.")
        return found if found and (found.archived_at is not None) is archived else None

    def check(self, written: Iterable[Mapping[str, Value]]) -> None:
        """Refuse as `create` does where a property is unknown, read-only or invalid."""
        for one in written:
            self._checked(one)

    def create(self, written: Mapping[str, Value], id: str | None = None) -> Record:
        """A new record.

        Raises:
            Refused: a property is unknown, read-only or invalid, or a unique value is taken.
        """
        values = {name: value for name, value in self._checked(written).items() if value}
        record_id = id or str(self._order[-1] + 1 if self._order else FIRST_ID)
        if record_id in self._by_id:
            raise Refused(HTTPStatus.CONFLICT, "CONFLICT", f"Record {record_id} exists.")
        self._claim(record_id, values)
        now = datetime.now(UTC)
        values |= {"hs_object_id": record_id, self.created_property: iso(now)}
        insort(self._order, int(record_id))
        return self._keep(Record(record_id, values, now, now))

    def create_all(self, written: Iterable[Mapping[str, Value]]) -> list[Record]:
        """New records, all or none; raises as `create` does."""
        created: list[Record] = []
        try:
            for one in written:
                created.append(self.create(one))  # noqa: PERF401 - the rest is undone on a refusal
        except Refused:
            for record in created:
                self._forget(record)
            raise
        return created

    def update(self, record: Record, written: Mapping[str, Value]) -> Record:
        """The record with new values; null or empty text clears one.  Raises as `create` does."""
        checked = self._checked(written)
        self._claim(record.id, {name: value for name, value in checked.items() if value})
        for name in checked.keys() & self._unique.keys():
            if name in record.values and checked[name] != record.values[name]:
                del self._unique[name][_folded(name, record.values[name])]
        kept = {**record.values, **checked}
        values = {name: value for name, value in kept.items() if value}
        return self._keep(replace(record, values=values, updated_at=datetime.now(UTC)))

    def archive(self, record: Record) -> None:
        """Take the record out of reads and searches; its unique values are free again."""
        self._release(record)
        self._by_id[record.id] = replace(record, archived_at=datetime.now(UTC))

    def page(self, after: int, limit: int, *, archived: bool) -> tuple[list[Record], str | None]:
        """Up to `limit` records with ids above `after`, by id, and where the next page begins."""
        start = bisect_right(self._order, after)
        found: list[Record] = []
        for number in self._order[start:]:
            record = self._by_id[str(number)]
            if (record.archived_at is not None) is not archived:
                continue
            if len(found) == limit:
                return found, found[-1].id
            found.append(record)
        return found, None

    def live(self) -> list[Record]:
        """Every record that isn't archived, by id."""
        records = (self._by_id[str(number)] for number in self._order)
        return [record for record in records if record.archived_at is None]

    def _checked(self, written: Mapping[str, Value]) -> dict[str, str | None]:
        checked: dict[str, str | None] = {}
        invalid: list[tuple[str, str, str]] = []
        for name, value in written.items():
            try:
                checked[name] = stored(self.definitions.get(name), value)
            except InvalidValue as error:
                invalid.append((name, error.code, str(error)))
        if invalid:
            raise _invalid_properties(invalid)
        return checked

    def _claim(self, record_id: str, values: Mapping[str, str]) -> None:
        """Take the unique values for this record: all of them, or none when one is taken."""
        claims = {name: _folded(name, values[name]) for name in self._unique if name in values}
        for name, value in claims.items():
            holder = self._unique[name].get(value, record_id)
            if holder != record_id:
                noun = "Contact" if self.object == "contacts" else "Record"
                message = f"{noun} already exists. Existing ID: {holder}"
                raise Refused(HTTPStatus.CONFLICT, "CONFLICT", message)
        for name, value in claims.items():
            self._unique[name][value] = record_id

    def _release(self, record: Record) -> None:
        for name in self._unique.keys() & record.values.keys():
            self._unique[name].pop(_folded(name, record.values[name]), None)

    def _forget(self, record: Record) -> None:
        self._release(record)
        del self._by_id[record.id]
        self._order.remove(int(record.id))

    def _keep(self, record: Record) -> Record:
        values = {**record.values, self.modified_property: iso(record.updated_at)}
        self._by_id[record.id] = kept = replace(record, values=values)
        return kept

    def _declare_built_ins(self) -> None:
        for name in _OWN_PROPERTIES.get(self.object, ()):
            text = {"name": name, "label": name, "type": _TYPES.get(name, "string")}
            unique = name == "email"
            definition = Property.model_validate({**text, "hubspotDefined": True})
            self.declare(definition.model_copy(update={"has_unique_value": unique}))
        for name in ("hs_object_id", self.created_property, self.modified_property):
            kind = "number" if name == "hs_object_id" else "datetime"
            text = {"name": name, "label": name, "type": kind}
            built_in = {"hubspotDefined": True, "read_only": True}
            self.declare(Property.model_validate({**text, **built_in}))


class Crm:
    """Every CRM object of the sandbox."""

    def __init__(self) -> None:
        self._objects = {name: Records(name) for name in _OWN_PROPERTIES}

    def add_object(self, object: str) -> Records:
        """The records of `object`, which comes to be if it isn't there."""
        return self._objects.setdefault(object, Records(object))

    def records(self, object: str) -> Records:
        """The records of `object`.

        Raises:
            Refused: there is no such object.
        """
        if object not in self._objects:
            raise Refused.malformed(f"Unable to infer object type from: {object}")
        return self._objects[object]


def _folded(name: str, value: str) -> str:
    return value.strip().lower() if name == "email" else value


def _invalid_properties(invalid: list[tuple[str, str, str]]) -> Refused:
    names = ", ".join(name for name, _, _ in invalid)
    errors = [
        {"message": message, "code": code, "context": {"propertyName": [name]}}
        for name, code, message in invalid
    ]
    message = f"Property values were not valid: {names}"
    return Refused(HTTPStatus.BAD_REQUEST, "VALIDATION_ERROR", message, errors=errors)
