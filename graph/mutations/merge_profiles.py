from strawberry import UNSET

from graph.context import GatewayInfo
from graph.errors import BadInput
from graph.history import merge_note, reader_of
from graph.merges import carried_out, merge_plan, merging, shown
from graph.model.errors import BadValue
from graph.model.record import CUSTOM
from graph.types.inputs import sent
from graph.types.merge import MergeChoicesInput, MergeProfilesInput, MergeProfilesPayload

_CHOSEN = ("name", "birth_date", "gender", "language")


async def merge_profiles(info: GatewayInfo, input: MergeProfilesInput) -> MergeProfilesPayload:
    """Let one profile absorb another, all or nothing."""
    survivor, absorbed = str(input.survivor_id), str(input.absorbed_id)
    if survivor == absorbed:
        raise BadInput("absorbedId: a profile can't absorb itself.")
    plan = merge_plan(info, _choices(info, sent(input.choices)))
    rewrite = merging(survivor, absorbed, plan, sent(input.if_version))
    done = await carried_out(info, [survivor, absorbed], rewrite, is_preview=input.preview)
    note = done.notes.get(done.shown)
    return MergeProfilesPayload(
        profile=await shown(info, done, done.shown, is_preview=input.preview),
        merge=merge_note(reader_of(info), note[1]) if note else None,
        is_preview=input.preview,
    )


def _choices(info: GatewayInfo, given: MergeChoicesInput | None) -> dict[str, str]:
    """Ids by attribute."""
    if given is None:
        return {}
    chosen = {name: getattr(given, name) for name in _CHOSEN}
    by_key = info.context.visible.customer_schema.by_key
    for key, id_ in (sent(given.custom) or {}).items():
        if key not in by_key:
            raise BadValue("choices.custom", "no field is defined under one of these keys")
        chosen[f"{CUSTOM}{by_key[key].kept_as}"] = id_
    return {name: id_ for name, id_ in chosen.items() if id_ is not UNSET and id_ is not None}
