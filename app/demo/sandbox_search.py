"""The sandbox CRM's search: filters, order and pages over records in memory."""

import re
from collections.abc import Callable, Iterable, Mapping

from app.demo.sandbox_records import Record
from app.demo.sandbox_values import Comparable, InvalidValue, comparable
from app.demo.sandbox_wire import (
    MAX_SEARCH_RESULTS,
    Filter,
    FilterGroup,
    Property,
    Refused,
    Search,
    Sort,
)

MAX_FILTERS = 25
Definitions = Mapping[str, Property]
Condition = Callable[[Record], bool]

_COMPARISONS: Mapping[str, Callable[[Comparable, Comparable], bool]] = {
    "EQ": lambda found, asked: found == asked,
    "NEQ": lambda found, asked: found != asked,
    "LT": lambda found, asked: found < asked,  # type: ignore[operator]  # one property, one type
    "LTE": lambda found, asked: found <= asked,  # type: ignore[operator]  # see LT
    "GT": lambda found, asked: found > asked,  # type: ignore[operator]  # see LT
    "GTE": lambda found, asked: found >= asked,  # type: ignore[operator]  # see LT
}


def search(records: Iterable[Record], definitions: Definitions, asked: Search) -> list[Record]:
    """Every record that `asked` wants, in its order; the page is cut by the caller.

    A comparison never holds for an empty property, NEQ and NOT_IN included.

    Raises:
        Refused: too many filters, a page beyond the cap, an unknown property, a wrong operand.
    """
    if sum(len(group.filters) for group in asked.filter_groups) > MAX_FILTERS:
        raise Refused.malformed(f"A search takes at most {MAX_FILTERS} filters.")
    if asked.after + asked.limit > MAX_SEARCH_RESULTS:
        raise Refused.malformed(f"A search reaches at most {MAX_SEARCH_RESULTS} results.")
    groups = [_all_of(group, definitions) for group in asked.filter_groups]
    found = [record for record in records if not groups or any(holds(record) for holds in groups)]
    if asked.query:
        words = asked.query.casefold()
        found = [one for one in found if words in " ".join(one.values.values()).casefold()]
    return _ordered(found, definitions, asked.sorts)


def _all_of(group: FilterGroup, definitions: Definitions) -> Condition:
    conditions = [_condition(one, definitions) for one in group.filters]
    return lambda record: all(holds(record) for holds in conditions)


def _condition(one: Filter, definitions: Definitions) -> Condition:
    definition = _defined(one.property_name, definitions)
    name = one.property_name
    match one.operator:
        case "HAS_PROPERTY":
            return lambda record: name in record.values
        case "NOT_HAS_PROPERTY":
            return lambda record: name not in record.values
        case "CONTAINS_TOKEN":
            pattern = _token_pattern(_text(one))
            return lambda record: _has_token(record.values.get(name), pattern)
        case "NOT_CONTAINS_TOKEN":
            pattern = _token_pattern(_text(one))
            return lambda record: not _has_token(record.values.get(name), pattern)
    holds = _comparison(one, definition)
    return lambda record: (
        name in record.values and holds(comparable(definition, record.values[name]))
    )


def _comparison(one: Filter, definition: Property) -> Callable[[Comparable], bool]:
    match one.operator:
        case "IN" | "NOT_IN":
            if one.values is None:
                raise Refused.malformed(f"{one.operator} on {one.property_name} needs values.")
            wanted = {_operand(one, definition, value) for value in one.values}
            return lambda found: (found in wanted) is (one.operator == "IN")
        case "BETWEEN":
            if one.high_value is None:
                raise Refused.malformed(f"BETWEEN on {one.property_name} needs highValue.")
            low, high = (_operand(one, definition, edge) for edge in (_text(one), one.high_value))
            at_least, at_most = _COMPARISONS["GTE"], _COMPARISONS["LTE"]
            return lambda found: at_least(found, low) and at_most(found, high)
    compare, asked = _COMPARISONS[one.operator], _operand(one, definition, _text(one))
    return lambda found: compare(found, asked)


def _text(one: Filter) -> str:
    if one.value is None:
        raise Refused.malformed(f"{one.operator} on {one.property_name} needs value.")
    return one.value


def _operand(one: Filter, definition: Property, text: str) -> Comparable:
    try:
        return comparable(definition, text)
    except InvalidValue as error:
        message = f"{one.operator} on {one.property_name}: operand is {error}"
        raise Refused.malformed(message) from None


def _defined(name: str, definitions: Definitions) -> Property:
    if name not in definitions:
        raise Refused.malformed(f"There was a problem with the request: no property {name}.")
    return definitions[name]


def _token_pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text.casefold()).replace(r"\*", ".*"))


def _has_token(value: str | None, pattern: re.Pattern[str]) -> bool:
    """Whether one of the value's words, its parts at punctuation, or all of it fits."""
    if value is None:
        return False
    text = value.casefold()
    tokens = {text, *text.split(), *re.findall(r"\w+", text), *text.split("@")}
    return any(pattern.fullmatch(token) for token in tokens)


def _ordered(
    found: list[Record], definitions: Definitions, sorts: list[Sort | str]
) -> list[Record]:
    """The records by the one sort asked for; those without a value come last."""
    if not sorts:
        return found
    sort = _sort(sorts[0])
    definition = _defined(sort.property_name, definitions)
    valued = [record for record in found if definition.name in record.values]
    empty = [record for record in found if definition.name not in record.values]
    valued.sort(
        key=lambda record: comparable(definition, record.values[definition.name]),
        reverse=sort.direction == "DESCENDING",
    )
    return valued + empty


def _sort(asked: Sort | str) -> Sort:
    if isinstance(asked, Sort):
        return asked
    direction = "DESCENDING" if asked.startswith("-") else "ASCENDING"
    return Sort(property_name=asked.removeprefix("-"), direction=direction)
