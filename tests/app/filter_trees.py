"""Filters over plain people: what the store is asked, and what Python says of the same."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import contains, ge, gt, le, lt
from typing import Any

from hypothesis import strategies as st

from graph.kinds.search import findable, operand_keys, operators_of, part_key, place_of
from graph.kinds.values import parse_custom
from graph.model.custom_field import CustomerSchema, Facets, FieldDefinition
from graph.model.definition_checks import LONGEST_SEARCHABLE as LONGEST
from graph.model.filter import All, AnyOf, Condition, Filter, Not, Operator, Order, Place, folded
from graph.model.ids import new_id
from graph.model.profile import PersonName, Profile, ProfileState
from graph.model.search import (
    BY_BIRTH_DATE,
    BY_FAMILY_NAME,
    BY_GIVEN_NAME,
    BY_ID,
    BY_LANGUAGE,
    BY_STATE,
    Findable,
)
from policies.classification import DataClass

PARTS = frozenset({Operator.STARTS_WITH, Operator.CONTAINS})
EXACT = (Operator.EQUALS, Operator.IN, Operator.EXISTS)
WORDED = (*EXACT, *PARTS)
ORDERED = (*EXACT, Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)
Person = Mapping[str, Any]


def a_field(id: str, kind: str, slot: str, **more: Any) -> FieldDefinition:
    """A searchable field whose key is its id in lower case."""
    return FieldDefinition(
        id=id,
        key=id.lower(),
        label=id,
        kind=kind,
        data_class=DataClass.BEHAVIOURAL,
        is_searchable=True,
        slot=slot,
        **more,
    )


CUSTOM = (
    a_field("Note", "STRING", "t0", facets=Facets(max_length=200)),
    a_field("Nick", "NAME", "t1"),
    a_field("Code", "ALPHANUMERIC", "s0"),
    a_field("Score", "NUMBER", "s1"),
    a_field("Since", "DATE", "s2"),
    a_field("Tags", "CHOICES", "s3", facets=Facets(choices=("gold", "b.c", "$in"))),
    a_field("Codes", "ALPHANUMERIC", "s4", is_list=True),
)
SCHEMA = CustomerSchema(1, CUSTOM)


@dataclass(frozen=True, slots=True)
class Subject:
    """What can be asked about a person: `plain` makes of a value what Python compares."""

    name: str
    place: Place
    operators: tuple[Operator, ...]
    values: st.SearchStrategy[Any]
    plain: Callable[[Any], Any]
    keys: Callable[[Operator, Any], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One comparison as a client means it."""

    subject: str
    operator: Operator
    operand: Any


def _as_found(text: str) -> str | None:
    """A text as it is compared; None where it is longer than any that is kept."""
    return folded(text) if len(text) <= LONGEST else None


def _same(value: Any) -> Any:
    return value


def _cased(value: str) -> str:
    return unicodedata.normalize("NFC", value).casefold()


def _core_keys(key: Callable[[Any], str]) -> Callable[[Operator, Any], tuple[str, ...]]:
    def keys(operator: Operator, operand: Any) -> tuple[str, ...]:
        if operator in PARTS:
            return (part_key(key, operator, operand, "where"),)
        given = operand if operator is Operator.IN else [operand]
        return tuple(key(item) for item in given)

    return keys


def _custom_keys(definition: FieldDefinition) -> Callable[[Operator, Any], tuple[str, ...]]:
    return lambda operator, operand: operand_keys(definition, operator, operand, "where")


# Few letters, so that they meet, among them those that other software gives a meaning.
names = st.text("aAbé .*$\\", min_size=1, max_size=5).filter(lambda text: bool(text.strip()))
days = st.sampled_from([date(1850, 1, 1), date(1999, 12, 31), date(2000, 1, 1), date(9999, 12, 31)])
numbers = st.sampled_from([-(2**53), -2, -0.5, -0.0, 0, 0.25, 1, 10, 2**53])
codes = st.text("aAb1", min_size=1, max_size=3)
_VALUES = {
    "Note": (st.sampled_from(["", "\U0010ffff", "a\U0010ffff", "\ud7ff"]) | names, _as_found),
    "Nick": (names, _as_found),
    "Code": (codes, _cased),
    "Score": (numbers, _same),
    "Since": (days, _same),
    "Tags": (st.sampled_from(CUSTOM[5].facets.choices), _same),
    "Codes": (codes, _cased),
}
_CORE = (
    ("given", BY_GIVEN_NAME, WORDED, names, _as_found, folded),
    ("family", BY_FAMILY_NAME, WORDED, names, _as_found, folded),
    ("birth", BY_BIRTH_DATE, ORDERED, days, _same, date.isoformat),
    ("language", BY_LANGUAGE, EXACT, st.sampled_from(["de", "de-AT", "pt-BR"]), _same, _same),
)
SUBJECTS = {
    **{
        name: Subject(name, place, operators, values, plain, _core_keys(key))
        for name, place, operators, values, plain, key in _CORE
    },
    **{
        item.id: Subject(
            item.id,
            place_of(item) or BY_ID,
            operators_of(item),
            *_VALUES[item.id],
            _custom_keys(item),
        )
        for item in CUSTOM
    },
}


def _held(subject: Subject) -> st.SearchStrategy[Any]:
    if subject.place.is_list:
        return st.none() | st.lists(subject.values, max_size=3)
    return st.none() | subject.values


people = st.fixed_dictionaries({name: _held(subject) for name, subject in SUBJECTS.items()})


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    """Any comparison that a filter can hold."""
    subject = draw(st.sampled_from(list(SUBJECTS.values())))
    operator = draw(st.sampled_from(subject.operators))
    if operator is Operator.IN:
        return Asked(subject.name, operator, draw(st.lists(subject.values, max_size=3)))
    if operator is Operator.CONTAINS and not subject.place.is_list:
        long = st.text("aAbé .*$\\", min_size=3, max_size=4)
        return Asked(subject.name, operator, draw(long.filter(lambda text: len(folded(text)) > 2)))
    return Asked(subject.name, operator, draw(subject.values))


def _above(below: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(below, max_size=3).map(tuple)
    return st.builds(All, several) | st.builds(AnyOf, several) | st.builds(Not, below)


trees = st.recursive(questions(), _above, max_leaves=6)
orders = st.none() | st.builds(
    lambda subject, down: Order(subject.place, is_descending=down),
    st.sampled_from([one for one in SUBJECTS.values() if not one.place.is_list]),
    st.booleans(),
)


def compiled(tree: Any) -> Filter:
    """The tree as the store is given it."""
    if isinstance(tree, All | AnyOf):
        return type(tree)(tuple(compiled(part) for part in tree.parts))
    if isinstance(tree, Not):
        return Not(compiled(tree.part))
    subject = SUBJECTS[tree.subject]
    keys = () if tree.operator is Operator.EXISTS else subject.keys(tree.operator, tree.operand)
    return Condition(subject.place, tree.operator, keys)


def meets(person: Person, tree: Any) -> bool:
    """Whether a person is as the tree says, in plain Python."""
    if isinstance(tree, All):
        return all(meets(person, part) for part in tree.parts)
    if isinstance(tree, AnyOf):
        return any(meets(person, part) for part in tree.parts)
    return not meets(person, tree.part) if isinstance(tree, Not) else _answers(person, tree)


def _answers(person: Person, tree: Asked) -> bool:
    subject, value = SUBJECTS[tree.subject], person[tree.subject]
    if value is None or value == []:
        return False
    if tree.operator is Operator.EXISTS:
        return True
    several = isinstance(tree.operand, list)
    wanted = [subject.plain(one) for one in (tree.operand if several else [tree.operand])]
    if subject.place.is_list:
        return any(subject.plain(item) in wanted for item in value)
    return _compare(subject.plain(value), tree.operator, wanted)


def _compare(found: Any, operator: Operator, wanted: Sequence[Any]) -> bool:
    if operator in {Operator.EQUALS, Operator.IN}:
        return found in wanted
    [other] = wanted
    if other is None:
        return False
    comparisons: dict[Operator, Callable[[Any, Any], bool]] = {
        Operator.STARTS_WITH: str.startswith,
        Operator.CONTAINS: contains,
        Operator.LT: lt,
        Operator.LTE: le,
        Operator.GT: gt,
        Operator.GTE: ge,
    }
    return comparisons[operator](found, other)


def in_order(found: Mapping[str, Person], order: Order) -> list[str]:
    """The ids of people as an order has them; who has no value comes last, the oldest first."""
    [subject] = [one for one in SUBJECTS.values() if one.place == order.place]
    keyed = [
        (subject.plain(person[subject.name]), one)
        for one, person in found.items()
        if person[subject.name] is not None
    ]
    missing = sorted(found.keys() - {one for _, one in keyed})
    return [one for _, one in sorted(keyed, reverse=order.is_descending)] + missing


def as_stored(person: Person, age: int = 0) -> tuple[Profile, Findable]:
    """The profile of a person and what it is found by; the older, the less its id."""
    given = {key.lower(): person[key] for key in _VALUES if person[key] is not None}
    sent = {key: value.isoformat() if key == "since" else value for key, value in given.items()}
    values = parse_custom(sent, SCHEMA)
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    profile = Profile(
        id=new_id(1_800_000_000_000 - age),
        version=1,
        state=ProfileState.IDENTIFIED,
        created_at=moment,
        updated_at=moment,
        name=PersonName(given=person["given"], family=person["family"]),
        birth_date=person["birth"],
        language=person["language"],
        custom=values,
    )
    return profile, findable(values, SCHEMA)


NOBODY: Person = dict.fromkeys(SUBJECTS)
STATE = Condition(BY_STATE, Operator.EQUALS, (ProfileState.IDENTIFIED.value,))
