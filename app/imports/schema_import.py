"""A customer schema of another system taken over, attribute by attribute."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from app.expertflow import Attribute
from app.store.definitions import MongoDefinitions
from graph.errors import Conflict
from graph.kinds.definitions import checked_definition
from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.model.errors import BadValue


@dataclass(slots=True)
class SchemaReport:
    """What became of the attributes: for each outcome, what is told of each attribute."""

    defined: dict[str, str] = field(default_factory=dict)
    unchanged: dict[str, str] = field(default_factory=dict)
    mapped: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    is_dry: bool = False

    def as_json(self) -> dict[str, Any]:
        """The report as --json prints it."""
        return {
            "defined": self.defined,
            "unchanged": self.unchanged,
            "mapped": self.mapped,
            "skipped": self.skipped,
            "dryRun": self.is_dry,
        }

    def lines(self) -> list[str]:
        """The report for a person."""
        told = [
            f"{outcome:<9} {key}: {words}"
            for outcome in ("defined", "unchanged", "mapped", "skipped")
            for key, words in getattr(self, outcome).items()
        ]
        return [*told, "dry run: nothing is written"] if self.is_dry else told


async def import_schema(
    attributes: Iterable[Attribute],
    definitions: MongoDefinitions,
    tenant: str,
    *,
    max_values: int,
    is_dry: bool,
) -> SchemaReport:
    """Define what is new or has changed; what the other system doesn't tell stays as it is.

    A field that identifies has at most `max_values`.
    """
    report = SchemaReport(is_dry=is_dry)
    schema = await definitions.current(tenant)
    for attribute in attributes:
        if attribute.target:
            report.mapped[attribute.key] = attribute.target
        elif attribute.definition is None:
            report.skipped[attribute.key] = "; ".join(attribute.notes)
        else:
            wanted = _wanted(attribute, attribute.definition, schema, max_values, report)
            if wanted and not is_dry:
                schema = await _defined(attribute, wanted, schema, definitions, tenant, report)
    return report


def _wanted(
    attribute: Attribute,
    given: FieldDefinition,
    schema: CustomerSchema,
    max_values: int,
    report: SchemaReport,
) -> FieldDefinition | None:
    """The field as it is to be defined; None where nothing is to be done."""
    known = schema.by_key.get(given.key)
    retired = {item.key for item in schema.retired if not item.is_purged}
    if known is None and given.key in retired:
        report.skipped[attribute.key] = "a field of its key was retired here"
        return None
    try:
        wanted = checked_definition(schema.with_sealing(_over(known, given)), max_values)
    except BadValue as error:
        report.skipped[attribute.key] = "; ".join([str(error), *attribute.notes])
        return None
    outcome = report.unchanged if wanted == known else report.defined
    outcome[attribute.key] = "; ".join([wanted.kind, *attribute.notes])
    return None if wanted == known else wanted


async def _defined(
    attribute: Attribute,
    wanted: FieldDefinition,
    schema: CustomerSchema,
    definitions: MongoDefinitions,
    tenant: str,
    report: SchemaReport,
) -> CustomerSchema:
    try:
        return await definitions.define(tenant, wanted)
    except Conflict as error:
        del report.defined[attribute.key]
        report.skipped[attribute.key] = "; ".join([str(error), *attribute.notes])
        return schema


def _over(known: FieldDefinition | None, given: FieldDefinition) -> FieldDefinition:
    """The field that is there with what the other system tells of it."""
    if known is None:
        return given
    told = (
        *("label", "description", "kind", "data_class", "is_required", "default"),
        *("channels", "is_list", "max_values"),
    )
    facets = replace(known.facets, max_length=given.facets.max_length)
    return replace(known, **{name: getattr(given, name) for name in told}, facets=facets)
