"""Random matrices, custom fields and askers, and documents that select whatever a schema has."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_enum_type,
    is_object_type,
    is_required_argument,
)
from hypothesis import strategies as st

from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.plan import OPEN_TO_ALL
from graph.schema import TenantSchema
from graph.visible import BY_OPERATION
from policies.asking import Asking, Assurance
from policies.classification import DataClass
from policies.decision import Action
from policies.matrix import Assurances, Ceiling, FieldRights, Given, Matrix, PurposeRule, Rights
from policies.principal import Principal
from policies.standing import Purpose, Relation, Standing

ROLES: Final = ("agent", "partner", "reviewer", "supervisor")
KINDS: Final = ("STRING", "NUMBER", "DATE", "BOOLEAN", "MONEY", "NAME")
_CLASSES: Final = st.frozensets(st.sampled_from(DataClass))
_ROLES: Final = st.frozensets(st.sampled_from(ROLES), min_size=1)
_PURPOSES: Final = st.sampled_from(Purpose)
_ANY_ID: Final = "0" * 26
# Made once: a strategy that is made at each draw is checked at each draw.
_BY_ACTION: Final = st.dictionaries(st.sampled_from(Action), _CLASSES)
_SOME_ROLES: Final = st.frozensets(st.sampled_from(ROLES), max_size=2)
_CEILINGS: Final = st.just(Ceiling()) | st.builds(Ceiling, _CLASSES)
_RULES: Final = st.dictionaries(
    _PURPOSES, st.builds(PurposeRule, st.none() | _CLASSES, st.none() | st.just("sale"))
)
_ASSURANCES: Final = st.builds(Assurances, st.just(900), st.frozensets(st.sampled_from(Action)))
_NUMBERS: Final = st.lists(st.integers(100, 999), max_size=6, unique=True)

standings: Final = st.builds(Standing, st.sampled_from(Relation), st.booleans())


def root_names(schema: GraphQLSchema) -> list[str]:
    """What a matrix has to grant."""
    roots = (schema.query_type, schema.mutation_type)
    known = {name for root in roots if root for name in root.fields} - OPEN_TO_ALL
    return sorted(known | BY_OPERATION.keys())


@st.composite
def givens(draw: st.DrawFn) -> Given:
    """Classes by what may be done with them."""
    actions = draw(_BY_ACTION)
    return Given(actions, draw(_CLASSES) - actions.get(Action.READ, frozenset()))


field_rights: Final = st.one_of(
    st.builds(FieldRights, st.frozensets(st.sampled_from(Action))),
    st.just(FieldRights(is_masked=True)),
    st.just(FieldRights(is_hidden=True)),
)


def _with_public(given: Given) -> Given:
    public = frozenset({DataClass.PUBLIC})
    actions = {**given.actions, Action.READ: given.actions.get(Action.READ, frozenset()) | public}
    return Given(actions, given.mask - public)


_GIVENS: Final = givens()
_LINKS: Final = st.sampled_from([Relation.CONVERSATION, Relation.BREAK_GLASS])
_RELATED: Final = st.dictionaries(_LINKS, _GIVENS, max_size=2)
_OPEN_GIVENS: Final = _GIVENS.map(_with_public)
_SOME_PURPOSES: Final = st.lists(_PURPOSES, min_size=1, max_size=3, unique=True).map(tuple)


def rights(names: Iterable[str]) -> st.SearchStrategy[Rights]:
    """Rights of a role, on classes, by relation, and on fields of these names.

    Every role reads what is PUBLIC: a matrix in which one doesn't is refused.
    """
    return st.builds(
        Rights,
        _OPEN_GIVENS,
        st.dictionaries(st.sampled_from(sorted(names)), field_rights, max_size=6),
        _RELATED,
        second_factor=st.booleans(),
        purposes=_SOME_PURPOSES,
        hides=st.booleans(),
    )


def matrices(
    schema: TenantSchema, *, operations: st.SearchStrategy[frozenset[str]] = _ROLES
) -> st.SearchStrategy[Matrix]:
    """Any matrix of a schema; `operations` are the roles that each root field is granted to."""
    named = dict.fromkeys(root_names(schema.graphql), operations)
    return st.builds(
        Matrix,
        st.just(1),
        st.dictionaries(st.sampled_from(ROLES), rights(deniable(schema)), min_size=1),
        st.fixed_dictionaries(named),
        _RULES,
        assurances=_ASSURANCES,
    )


def deniable(schema: TenantSchema) -> set[str]:
    """The names of fields that a matrix may deny: what can't be null can't be withheld."""
    facts, types = schema.facts, schema.graphql.type_map
    return {
        facts.names[known.coordinate]
        for (type_, field), known in facts.fields.items()
        if not str(types[type_].fields[field].type).endswith("!")
    }


@st.composite
def customer_schemas(draw: st.DrawFn) -> CustomerSchema:
    """Up to six custom fields, one of them retired perhaps; keys that occur nowhere else."""
    numbers = draw(_NUMBERS)
    made = [draw(_definitions(number, place)) for place, number in enumerate(numbers, 1)]
    is_last_retired = bool(made) and draw(st.booleans())
    used = made[:-1] if is_last_retired else made
    return CustomerSchema(len(made), tuple(used), tuple(made[len(used) :]))


@st.composite
def _definitions(draw: st.DrawFn, number: int, position: int) -> FieldDefinition:
    return FieldDefinition(
        id=f"ID{number}",
        key=f"zq{number}",
        label=f"Label {number}",
        kind=draw(st.sampled_from(KINDS)),
        data_class=draw(st.sampled_from(DataClass)),
        roles=draw(st.none() | _ROLES),
        needs_step_up=draw(st.booleans()),
        is_list=draw(st.booleans()),
        position=position,
    )


@st.composite
def askings(draw: st.DrawFn, matrix: Matrix) -> Asking:
    """Somebody who has roles of the matrix, and perhaps others."""
    own = draw(st.sampled_from(sorted(matrix.roles)))
    roles = draw(_SOME_ROLES) | {own}
    ceiling = draw(_CEILINGS)
    principal = Principal("shop", "ada", roles, client="app")
    return Asking(principal, matrix, draw(_PURPOSES), draw(st.sampled_from(Assurance)), ceiling)


def whole_document(schema: GraphQLSchema, root: str, depth: int = 4) -> str:
    """A query of a root field that selects everything below it, to a depth."""
    assert schema.query_type
    return f"{{ {_selected(root, schema.query_type.fields[root], depth)} }}"


def _selected(name: str, field: GraphQLField, depth: int) -> str:
    below = get_named_type(field.type)
    given = ", ".join(_arguments(field.args))
    called = f"{name}({given})" if given else name
    if not is_object_type(below):
        return called
    return f"{called} {{ __typename {' '.join(_below(below, depth))} }}"


def _below(item: GraphQLObjectType, depth: int) -> Iterator[str]:
    for name, field in item.fields.items():
        is_deep = is_object_type(get_named_type(field.type))
        # Of one profile at a time only; and it leads to profiles again.
        if name != "suggestions" and (depth or not is_deep):
            yield _selected(name, field, depth - 1)


def _arguments(arguments: Mapping[str, GraphQLArgument]) -> Iterator[str]:
    for name, argument in arguments.items():
        if is_required_argument(argument):
            type_ = get_named_type(argument.type)
            value = next(iter(type_.values)) if is_enum_type(type_) else f'"{_ANY_ID}"'
            yield f"{name}: {value}"
