"""History for one reader: what they may see of it is decided before it is read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import strawberry

from graph.context import GatewayInfo
from graph.kinds.plain import plain
from graph.kinds.values import loaded
from graph.merges import names_of
from graph.model import history as model
from graph.model.custom_field import CustomerSchema
from graph.model.profile import Profile
from graph.model.record import CUSTOM
from graph.pages import cursor_of, page_size, text_of
from graph.readable import readable
from graph.types import history as types
from graph.types.paging import PageInfo
from policies.classification import labels_of
from policies.decision import Effect
from policies.plan import AccessPlan
from policies.reveal import reveal_value

_CHANGED: Final = model.HistoryKind.CHANGED
_MORE: Final = 50
"""How many entries are read at least where some weren't told of."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What one principal may see of history."""

    access: AccessPlan
    schema: CustomerSchema
    names: Mapping[str, str]

    def attributes(self) -> frozenset[str]:
        """The attributes whose changes may be seen, and of items their parts."""
        single = {one for one in model.SINGLE if self.effect(one) is not Effect.DENY}
        custom = {
            f"{CUSTOM}{place}"
            for place, one in self.schema.by_storage.items()
            if self.access.effect(one.coordinate) is not Effect.DENY
        }
        return frozenset({*single, *custom, *self._items()})

    def _items(self) -> Iterator[str]:
        for attribute, item in model.ITEMS.items():
            if self.access.effect(f"Profile.{attribute}") is Effect.DENY:
                continue
            yield attribute
            for part in labels_of(item):
                if self.access.effect(f"{item.__name__}.{part}") is not Effect.DENY:
                    yield f"{attribute}.{part}"

    def effect(self, attribute: str) -> Effect:
        """What holds for the values of an attribute of one value."""
        if attribute.startswith(CUSTOM):
            definition = self.schema.by_storage.get(attribute.removeprefix(CUSTOM))
            return self.access.effect(definition.coordinate) if definition else Effect.DENY
        if attribute.startswith("name"):
            part = attribute.partition(".")[2] or "full"
            return self.access.effect(f"PersonName.{part}")
        return self.access.effect(f"Profile.{attribute}")

    def name(self, attribute: str) -> str:
        """What queries call an attribute."""
        return self.names.get(attribute, attribute)

    def survivals(self, note: model.MergeNote) -> list[types.Survival]:
        """Whose values survived, of the attributes that may be read.

        Values that are equal aren't told of, which would tell whoever sees them masked.
        """
        return [
            types.Survival(
                attribute=self.name(one.attribute),
                profile_id=strawberry.ID(one.profile),
                reason=one.reason,
            )
            for one in note.survivals
            if self.effect(one.attribute) is Effect.ALLOW
        ]

    def changes(self, entry: model.HistoryEntry) -> list[types.ValueChange]:
        """The changes of an entry, revealed: those whose two sides differ for this reader.

        That a value changed which looks as it did tells whoever wrote it whether it was another.
        """
        revealed = map(self._change, entry.changes)
        return [one for one in revealed if one.before != one.after]

    def _change(self, change: model.ValueChange) -> types.ValueChange:
        if item := model.ITEMS.get(change.attribute):
            before, after = (
                self._shown_items(side, item) for side in (change.before, change.after)
            )
            parts = {self.access.effect(f"{item.__name__}.{part}") for part in labels_of(item)}
            effect = Effect.MASK if Effect.MASK in parts else Effect.ALLOW
        else:
            before, after = (
                self._shown(change.attribute, side) for side in (change.before, change.after)
            )
            effect = self.effect(change.attribute)
        return types.ValueChange(
            attribute=self.name(change.attribute),
            before=before,
            after=after,
            masked=effect is Effect.MASK,
        )

    def _shown(self, attribute: str, value: object) -> Any:  # noqa: ANN401 - any JSON
        if value is None:
            return None
        if not attribute.startswith(CUSTOM):
            return plain(reveal_value(readable(value), self._coordinate(attribute), self.access))
        found = loaded({attribute.removeprefix(CUSTOM): readable(value)}, self.schema)
        for field_id, one in found.items():
            return plain(reveal_value(one, f"Profile.custom.{field_id}", self.access))
        return None

    def _shown_items(self, items: Any, item: type[Any]) -> Any:  # noqa: ANN401 - any JSON
        return [
            {
                _camel(part): plain(
                    reveal_value(readable(value), f"{item.__name__}.{part}", self.access)
                )
                for part, value in one.items()
            }
            for one in items
        ]

    @staticmethod
    def _coordinate(attribute: str) -> str:
        if attribute.startswith("name."):
            return f"PersonName.{attribute.removeprefix('name.')}"
        return f"Profile.{attribute}"


def reader_of(info: GatewayInfo, profile_id: str | None = None) -> Reader:
    """What the asker of an operation may see of a profile's history; None: of a stranger's."""
    context = info.context
    plan = context.views.of(profile_id).plan if profile_id else context.plan
    return Reader(plan.access, plan.customer_schema, names_of(plan.customer_schema))


async def history_page(
    info: GatewayInfo, profile: Profile, first: int | None, after: str | None
) -> types.HistoryConnection:
    """A page of what happened to a profile and to those that are part of it.

    Changes of which the reader sees nothing aren't told of.
    """
    size, reader = page_size(first), reader_of(info, profile.id)
    found = await _told(info, profile, reader, size + 1, text_of(after))
    edges = [types.HistoryEdge(cursor=cursor_of(place), node=node) for place, node in found[:size]]
    return types.HistoryConnection(
        edges=edges,
        page_info=PageInfo(
            has_next_page=len(found) > size,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )


async def _told(
    info: GatewayInfo, profile: Profile, reader: Reader, wanted: int, after: str | None
) -> list[tuple[str, types.HistoryEntry]]:
    """The first so many entries behind a place that are told of, each with its place."""
    context, asked = info.context, wanted
    found: list[tuple[str, types.HistoryEntry]] = []
    while True:
        part = await context.wiring.history.page(
            [profile.id, *profile.members],
            context.plan.access.scope,
            first=asked,
            after=after,
            attributes=reader.attributes(),
        )
        nodes = [(place, _node(reader, entry)) for place, entry in part]
        found += [one for one in nodes if one[1].changes or one[1].kind is not _CHANGED]
        if len(found) >= wanted or len(part) < asked:
            return found[:wanted]
        asked, after = max(wanted, _MORE), part[-1][0]


def merge_note(reader: Reader, note: model.MergeNote) -> types.MergeNote:
    """A merge as somebody may see it."""
    return types.MergeNote(
        id=strawberry.ID(note.merge),
        other_id=strawberry.ID(note.other),
        survivals=reader.survivals(note),
    )


def _node(reader: Reader, entry: model.HistoryEntry) -> types.HistoryEntry:
    known = (f"HistoryEntry.{part}" for part in ("by", "source"))
    by, source = (reader.access.effect(at) is not Effect.DENY for at in known)
    return types.HistoryEntry(
        profile_id=strawberry.ID(entry.profile_id),
        version=entry.version,
        at=entry.at,
        kind=entry.kind,
        by=entry.by if by else None,
        source=entry.source if source else None,
        merge=merge_note(reader, entry.merge) if entry.merge else None,
        changes=reader.changes(entry),
    )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
