"""What merging and taking apart ask of the store: decided on the records that it reads."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graph.context import GatewayInfo
from graph.errors import Conflict, NotFound, VersionMismatch
from graph.kinds.search import findable
from graph.merge_ports import FoundBy, Rewrite, Rewritten
from graph.model.custom_field import CustomerSchema
from graph.model.errors import BadValue
from graph.model.history import HistoryKind, MergeNote
from graph.model.ids import new_id
from graph.model.merging import Plan, merged
from graph.model.profile import Profile
from graph.model.record import CUSTOM, Record, root_of
from graph.model.search import Findable
from graph.model.unmerging import Moved, unmerged
from graph.views import root_key

_NAMES = {"birth_date": "birthDate"}
_PARTED = "This profile isn't part of another one."


def found_by(schema: CustomerSchema) -> FoundBy:
    """What a profile's custom values are found by and claim, as a schema has it now."""

    def found(profile: Profile) -> Findable:
        custom = profile.custom or {}
        values = {one.id: custom[one.kept_as] for one in schema.fields if one.kept_as in custom}
        return findable(values, schema)

    return found


def names_of(schema: CustomerSchema) -> dict[str, str]:
    """What queries call the attributes of one value, custom ones by key."""
    custom = {f"{CUSTOM}{place}": f"{CUSTOM}{one.key}" for place, one in schema.by_storage.items()}
    return _NAMES | custom


def merge_plan(info: GatewayInfo, choices: Mapping[str, str]) -> Plan:
    """A merge that begins now, by the tenant's rules; `choices` are by attribute."""
    context, schema = info.context, info.context.plan.customer_schema
    survivorship = context.wiring.survivorship(context.principal.tenant)
    return Plan(new_id(), context.wiring.now(), survivorship, choices, names_of(schema))


def merging(survivor: str, absorbed: str, plan: Plan, if_version: int | None) -> Rewrite:
    """Let one profile absorb another; nothing changes where it has done so already."""

    def rewrite(records: Mapping[str, Record]) -> Rewritten:
        ours, theirs = _standing(survivor, records), _standing(absorbed, records)
        _check_version(records[ours], if_version)
        if ours == theirs:
            return Rewritten(ours, {}, {})
        choices = _chosen(plan.choices, {survivor: ours, absorbed: theirs})
        told = Plan(plan.merge, plan.at, plan.survivorship, choices, plan.names)
        done = merged(records[ours], records[theirs], records, told)
        kind = HistoryKind.MERGED
        notes = {
            ours: (kind, MergeNote(plan.merge, theirs, done.survivals)),
            theirs: (kind, MergeNote(plan.merge, ours)),
        }
        return Rewritten(ours, {ours: done.survivor, theirs: done.absorbed}, notes)

    return rewrite


def parting(id: str, moved: Moved, if_version: int | None) -> Rewrite:
    """Take a profile out of the one that stands for it."""

    def rewrite(records: Mapping[str, Record]) -> Rewritten:
        if id not in records:
            raise NotFound("There is no such profile.")
        root, absorbed = root_of(id, records), records[id].absorbed
        if absorbed is None:
            raise Conflict(_PARTED)
        _check_version(records[root], if_version)
        parted = unmerged(records[root], id, records, moved)
        notes = {
            one: (HistoryKind.UNMERGED, MergeNote(absorbed.merge, root if one == id else id))
            for one in parted.records
        }
        return Rewritten(root, parted.records, notes, parted.since)

    return rewrite


async def carried_out(
    info: GatewayInfo, ids: list[str], rewrite: Rewrite, *, is_preview: bool
) -> Rewritten:
    """What becomes of profiles, written unless it is a preview."""
    context = info.context
    rewriting, scope = context.wiring.rewriting, context.plan.access.scope
    if is_preview:
        return await rewriting.preview(ids, rewrite, scope)
    found = found_by(context.plan.customer_schema)
    done = await rewriting.rewrite(ids, rewrite, found, scope, context.author)
    for id_ in (*ids, *done.records, done.shown):
        context.profiles.forget(id_)
    return done


async def shown(info: GatewayInfo, rewritten: Rewritten, id: str, *, is_preview: bool) -> Any:  # noqa: ANN401 - the model object that Profile shows
    """A profile as it is, or as it would be."""
    if is_preview and id in rewritten.records:
        record = rewritten.records[id]
        members = tuple(member.id for member in record.members)
        preview = replace(record.profile, members=members)
        return await info.context.profiles.show(preview, root_key(info.path))
    return await info.context.profiles.load(id, root_key(info.path))


def _standing(id: str, records: Mapping[str, Record]) -> str:
    if id not in records:
        raise NotFound("There is no such profile.")
    return root_of(id, records)


def _check_version(record: Record, if_version: int | None) -> None:
    version = record.profile.version
    if if_version is not None and version != if_version:
        raise VersionMismatch(f"The profile has version {version} now; read it again.")


def _chosen(choices: Mapping[str, str], standing: Mapping[str, str]) -> dict[str, str]:
    """Choices by the ids of standing profiles."""
    for attribute, id_ in choices.items():
        if id_ not in standing:
            raise BadValue(f"choices.{attribute}", "expected the id of one of the two profiles")
    return {attribute: standing[id_] for attribute, id_ in choices.items()}
