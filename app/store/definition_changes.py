"""How a new version of a field follows from the one before it: its storage and its slot."""

from collections.abc import Iterable
from dataclasses import replace

from app.store.search import PLAIN_SLOTS, TEXT_SLOTS
from graph.errors import Conflict
from graph.kinds.definitions import is_converted, is_rewritten, storage_of
from graph.kinds.search import operators_of
from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.model.filter import Operator
from graph.model.ids import new_id


def changed(
    known: FieldDefinition | None, wanted: FieldDefinition, schema: CustomerSchema
) -> FieldDefinition:
    """The definition as it is kept: with its id, its place in the list, storage and slot.

    Raises:
        Conflict: the key is another field's, the field is still being changed or was purged, it
            is to be purged and in use, its source would be another one, or every slot is taken.
    """
    holder = schema.by_key.get(wanted.key)
    if holder and (known is None or holder.id != known.id) and not wanted.is_retired:
        raise Conflict("Another field has this key.")
    last = max((item.position for item in schema.by_id.values()), default=0)
    position = wanted.position or (known.position if known else last + 1)
    placed = replace(wanted, position=position, id=known.id if known else new_id())
    if known is None:
        slotted = replace(placed, slot=_slot(placed, None, schema))
        return replace(slotted, is_ready=not is_rewritten(slotted, None))
    if known.is_purged:
        raise Conflict("The field was purged, and stays so; define a new one.")
    if wanted.is_purged and not known.is_retired:
        raise Conflict("The field is in use again.")
    if not known.is_ready:
        raise Conflict("The field is still being changed; try again when it is ready.")
    if known.source.kind is not wanted.source.kind:
        raise Conflict(f"The field's source is {known.source.kind.value} and stays so.")
    return _next(known, placed, schema)


def _next(
    known: FieldDefinition, placed: FieldDefinition, schema: CustomerSchema
) -> FieldDefinition:
    version = known.version + 1
    stored = replace(placed, version=version, storage=known.kept_as, slot=None)
    if is_converted(placed, known):
        stored = replace(stored, storage=f"{known.id}-{version}", previous=storage_of(known))
    slotted = replace(stored, slot=_slot(stored, known.slot, schema))
    return replace(slotted, is_ready=not is_rewritten(slotted, known))


def _slot(definition: FieldDefinition, present: str | None, schema: CustomerSchema) -> str | None:
    if not definition.is_searchable or definition.is_retired:
        return None
    slots = TEXT_SLOTS if _is_text(definition) else PLAIN_SLOTS
    if present in slots:
        return present
    taken = {item.slot for item in schema.by_id.values()}
    free = [slot for slot in slots if slot not in taken]
    if not free:
        what = "text fields" if slots is TEXT_SLOTS else "fields that aren't text"
        raise Conflict(f"A tenant has at most {len(slots)} searchable {what}.")
    return free[0]


def _is_text(definition: FieldDefinition) -> bool:
    return (
        Operator.STARTS_WITH in (found := operators_of(definition)) and Operator.CONTAINS in found
    )


def gone_slots(definition: FieldDefinition, known: FieldDefinition | None) -> Iterable[str]:
    """Slots that hold search keys of the field which nobody will look up any more."""
    if known and known.slot is not None and known.slot != definition.slot:
        yield known.slot
