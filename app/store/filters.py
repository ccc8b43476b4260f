"""Compiles a typed filter to queries: nothing a client sends is ever an operator or a path.

A filter becomes a few branches, of which at least one must hold, each a query of its own: the
embedded server reads the whole collection for an `$or`, and merging a page of each is as cheap.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

from app.store.search import GRAMS, base_of, end_of, gram_to_find, path_of
from graph.errors import QueryTooComplex
from graph.model.filter import All, Condition, Filter, Not, Operator, Place

_MAX_BRANCHES: Final = 64
_OPPOSITES: Final = {
    Operator.LT: Operator.GTE,
    Operator.LTE: Operator.GT,
    Operator.GT: Operator.LTE,
    Operator.GTE: Operator.LT,
}
# How wide a list each operator is thought to leave: the narrowest is looked up by its index.
_EXACT, _PART, _PREFIX, _RANGE, _ANY, _UNBOUNDED = range(6)
_WIDTHS: Final = {
    Operator.EQUALS: _EXACT,
    Operator.IN: _EXACT,
    Operator.CONTAINS: _PART,
    Operator.STARTS_WITH: _PREFIX,
    Operator.EXISTS: _ANY,
}


@dataclass(slots=True)
class Bounds:
    """What one search key must be: at least `low`, below `high`, and as the rest says.

    `has_value`: there must be one, within the bounds; False: there must be none.
    """

    place: Place
    base: str
    low: str
    high: str
    has_value: bool | None = None
    width: int = _UNBOUNDED
    parts: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    all_of: list[str] = field(default_factory=list)
    one_of: list[tuple[str, ...]] = field(default_factory=list)

    def narrow(self, low: str | None = None, high: str | None = None) -> None:
        """Keep what is at least `low` and below `high`."""
        self.has_value = True
        self.low = max(self.low, low or self.low)
        self.high = min(self.high, high or self.high)

    def query(self) -> dict[str, Any]:
        """The condition on the key's path."""
        found: dict[str, Any] = {}
        if self.has_value is False:
            return {"$eq": None}
        if self.has_value and not self.place.is_list:
            found |= {"$gte": self.low, "$lt": self.high}
        if self.parts:
            ahead = "".join(f"(?=[^\t]*{re.escape(part)})" for part in self.parts)
            found["$regex"] = f"^{re.escape(self.base)}{ahead}"
        if self.all_of:
            found |= {"$all": self.all_of} if self.all_of[1:] else {"$eq": self.all_of[0]}
        if self.one_of:
            found["$in"] = sorted(self.one_of[0])
        if self.refused:
            pattern = f"^{re.escape(self.base)}(?:{'|'.join(self.refused)})"
            found |= {"$nin": self.refused} if self.place.is_list else {"$not": {"$regex": pattern}}
        return found


@dataclass(slots=True)
class Branch:
    """One query: all of its bounds hold."""

    tenant: str
    bounds: dict[Place, Bounds] = field(default_factory=dict)
    gram: str | None = None

    def at(self, place: Place) -> Bounds:
        """The bounds of a place; they leave everything until they are narrowed."""
        if place not in self.bounds:
            base = base_of(self.tenant, place)
            self.bounds[place] = Bounds(place, base, base, end_of(base))
        return self.bounds[place]

    def query(self) -> dict[str, Any]:
        """The whole query, the narrowest condition first: the embedded server takes its index."""
        parts = [(item.width, path_of(item.place), item.query()) for item in self.bounds.values()]
        if self.gram is not None:
            parts.append((_PART, GRAMS, {"$eq": self.gram}))
        parts.sort(key=lambda part: part[0])
        found = {path: query for _, path, query in parts} | {"tenant": {"$eq": self.tenant}}
        # A list may meet one by this item and another by that: one path can't say it twice.
        more = [
            {path_of(item.place): {"$in": sorted(items)}}
            for item in self.bounds.values()
            for items in item.one_of[1:]
        ]
        return found | ({"$and": more} if more else {})


@dataclass(frozen=True, slots=True)
class _Literal:
    condition: Condition
    is_refused: bool = False


def branches_of(tenant: str, where: Filter) -> list[Branch]:
    """The queries of which one or more must hold; none where nothing can meet the filter.

    Raises:
        QueryTooComplex: there are more than 64 of them.
    """
    return [_branch(tenant, literals) for literals in _alternatives(where, is_refused=False)]


def _alternatives(where: Filter, *, is_refused: bool) -> list[tuple[_Literal, ...]]:
    """The filter as alternatives, each a list of what must and what must not hold."""
    if isinstance(where, Not):
        return _alternatives(where.part, is_refused=not is_refused)
    if isinstance(where, Condition):
        return _alternatives_of_one(where, is_refused=is_refused)
    below = [_alternatives(part, is_refused=is_refused) for part in where.parts]
    if isinstance(where, All) is is_refused:
        return _few([one for part in below for one in part])
    size = 1
    for part in below:
        size *= len(part)
        _refuse_many(size)
    return [sum(chosen, ()) for chosen in product(*below)]


def _alternatives_of_one(condition: Condition, *, is_refused: bool) -> list[tuple[_Literal, ...]]:
    operator, place = condition.operator, condition.place
    if is_refused and operator in _OPPOSITES:
        # Who has no value isn't below anything, so "not below" finds them too.
        opposite = Condition(place, _OPPOSITES[operator], condition.keys)
        missing = Condition(place, Operator.EXISTS)
        return [(_Literal(opposite),), (_Literal(missing, is_refused=True),)]
    if operator is Operator.IN and not condition.keys:
        return [()] if is_refused else []
    if operator is Operator.IN and not place.is_list:
        each = [Condition(place, Operator.EQUALS, (key,)) for key in condition.keys]
        literals = [_Literal(one, is_refused=is_refused) for one in each]
        return [tuple(literals)] if is_refused else _few([(one,) for one in literals])
    return [(_Literal(condition, is_refused=is_refused),)]


def _few(found: list[tuple[_Literal, ...]]) -> list[tuple[_Literal, ...]]:
    _refuse_many(len(found))
    return found


def _refuse_many(count: int) -> None:
    if count > _MAX_BRANCHES:
        raise QueryTooComplex(f"The filter has more than {_MAX_BRANCHES} alternatives.")


def _branch(tenant: str, literals: tuple[_Literal, ...]) -> Branch:
    branch = Branch(tenant)
    for literal in literals:
        bounds = branch.at(literal.condition.place)
        if literal.is_refused:
            bounds.refused += _refused(bounds, literal.condition)
            continue
        bounds.width = min(bounds.width, _WIDTHS.get(literal.condition.operator, _RANGE))
        if bounds.place.is_list:
            _require_of_list(bounds, literal.condition)
        else:
            _require(branch, bounds, literal.condition)
    return branch


def _refused(bounds: Bounds, condition: Condition) -> Iterator[str]:
    """What a key must not be: an item of a list, or a pattern of what follows its base."""
    if bounds.place.is_list:
        yield from (bounds.base + key for key in condition.keys or ("",))
        return
    begin, end = {
        Operator.EQUALS: ("", "\t"),
        Operator.CONTAINS: ("[^\t]*", ""),
    }.get(condition.operator, ("", ""))
    yield from (f"{begin}{re.escape(key)}{end}" for key in condition.keys or ("",))


def _require_of_list(bounds: Bounds, condition: Condition) -> None:
    items = tuple(bounds.base + key for key in condition.keys or ("",))
    if condition.operator is Operator.IN:
        bounds.one_of.append(items)
    else:
        bounds.all_of += items


def _require(branch: Branch, bounds: Bounds, condition: Condition) -> None:
    begin = bounds.base + (condition.keys[0] if condition.keys else "")
    match condition.operator:
        case Operator.EQUALS:
            bounds.narrow(f"{begin}\t", f"{begin}\n")
        case Operator.STARTS_WITH:
            bounds.narrow(begin, end_of(begin))
        case Operator.LT:
            bounds.narrow(high=f"{begin}\t")
        case Operator.LTE:
            bounds.narrow(high=f"{begin}\n")
        case Operator.GT:
            bounds.narrow(low=f"{begin}\n")
        case Operator.GTE:
            bounds.narrow(low=f"{begin}\t")
        case Operator.CONTAINS:
            bounds.narrow()
            bounds.parts.append(condition.keys[0])
            branch.gram = gram_to_find(branch.tenant, bounds.place, condition.keys[0])
        case _:
            bounds.narrow()
