"""Collections of a profile, put together and taken apart again by who brought each item."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, Final

from graph.model.label import label_key

Item = Any
"""A frozen dataclass with `origins`: the absorbed profiles that brought it; none: its own."""

_KEYS: Final[Mapping[str, Callable[[Item], tuple[object, ...]]]] = {
    "identities": lambda item: (item.channel, item.value),
    "links": lambda item: (item.source, item.object, item.record_id),
    "labels": lambda item: (label_key(item.name),),
    "consents": lambda item: (item.id,),
}


def item_key(attribute: str, item: Item) -> tuple[object, ...]:
    """What tells an item of an attribute from others."""
    return _KEYS[attribute](item)


def joined(
    attribute: str, ours: Sequence[Item], theirs: Sequence[Item], absorbed: str
) -> tuple[Item, ...]:
    """Our items and theirs; what both have is ours.  `absorbed` is the id of theirs."""
    found = {item_key(attribute, item): item for item in ours}
    chosen = {item.channel for item in ours if getattr(item, "primary", False)}
    for item in theirs:
        key, origins = item_key(attribute, item), item.origins or (absorbed,)
        known = found.get(key)
        if known is None:
            found[key] = _second(replace(item, origins=origins), chosen)
        elif known.origins:
            together = tuple(dict.fromkeys((*known.origins, *origins)))
            found[key] = replace(known, origins=together)
    return tuple(found.values())


def _second(item: Item, chosen: AbstractSet[object]) -> Item:
    """An item that isn't the first choice of a channel which has one."""
    is_second = getattr(item, "primary", False) and item.channel in chosen
    return replace(item, primary=False) if is_second else item


def parted(
    attribute: str,
    items: Sequence[Item],
    before: Sequence[Item],
    gone: AbstractSet[str],
    moved: AbstractSet[tuple[object, ...]] = frozenset(),
) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """The items that stay, and those that go back to the profile that they came with.

    `before` are its items when it was absorbed, `gone` its id and those of all that are part of
    it, `moved` the keys of others that go with it.  What others brought as well, it has as it
    brought it; what was removed meanwhile comes to nobody.
    """
    stay, back = [], dict[tuple[object, ...], Item]()
    for item in items:
        key = item_key(attribute, item)
        left = tuple(one for one in item.origins if one not in gone)
        if key in moved:
            back[key] = replace(item, origins=())
        elif left or not item.origins:
            stay.append(replace(item, origins=left) if left != item.origins else item)
        else:
            back[key] = item
    kept = {item_key(attribute, item): item for item in stay}
    former = {item_key(attribute, item): item for item in before}
    order = dict.fromkeys((*former, *back))
    found = (_returned(former.get(key), back.get(key), key in kept) for key in order)
    return tuple(stay), tuple(item for item in found if item is not None)


def _returned(former: Item | None, now: Item | None, is_shared: bool) -> Item | None:
    if former is None or now is None:
        return now if former is None else (former if is_shared else None)
    back = replace(now, origins=former.origins)
    if getattr(former, "primary", False):
        return replace(back, primary=True)
    return back
