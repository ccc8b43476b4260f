"""Principals, matrices and questions, by hand and by Hypothesis."""

from collections.abc import Iterable, Mapping

from hypothesis import strategies as st

from policies.access.question import Question
from policies.asking import Asking, Assurance
from policies.classification import DataClass, Label
from policies.decision import Action, Decision, Effect
from policies.matrix import Assurances, Ceiling, FieldRights, Given, Matrix, PurposeRule, Rights
from policies.matrix_file import read_matrix
from policies.principal import Principal
from policies.standing import STRANGER, Purpose, Relation, Standing

SHIPPED = read_matrix()
NOBODY_DEFINED = "nobody-defined"
NAMES = ("Profile.name", "Identity.value", "custom.tier")


def somebody(*roles: str, client: str | None = None) -> Principal:
    """A principal of one tenant with these roles."""
    return Principal("shop", "ada", frozenset(roles), client=client)


def given_classes(
    *,
    read: Iterable[DataClass] = (),
    mask: Iterable[DataClass] = (),
    write: Iterable[DataClass] = (),
    filter: Iterable[DataClass] = (),
) -> Given:
    """Classes by what may be done with them; nothing unless told."""
    told = {Action.READ: read, Action.WRITE: write, Action.FILTER: filter}
    actions = {action: frozenset(classes) for action, classes in told.items() if classes}
    return Given(actions, frozenset(mask))


def some_rights(
    *,
    second_factor: bool = False,
    fields: Mapping[str, FieldRights] | None = None,
    related: Mapping[Relation, Given] | None = None,
    purposes: Iterable[Purpose] = (Purpose.SERVICE,),
    hides: bool = False,
    **classes: Iterable[DataClass],
) -> Rights:
    """Rights of one role; nothing unless told."""
    return Rights(
        given_classes(**classes),
        fields or {},
        related or {},
        second_factor=second_factor,
        purposes=tuple(purposes),
        hides=hides,
    )


def a_matrix(
    roles: Mapping[str, Rights],
    operations: Mapping[str, frozenset[str]] | None = None,
    **more: object,
) -> Matrix:
    """A matrix of these roles."""
    return Matrix(1, dict(roles), dict(operations or {}), **more)


def an_asking(
    principal: Principal,
    matrix: Matrix = SHIPPED,
    assurance: Assurance = Assurance.FRESH_SECOND_FACTOR,
    purpose: Purpose = Purpose.SERVICE,
    ceiling: Ceiling | None = None,
) -> Asking:
    """Somebody who asks, with a second factor of just now unless told."""
    return Asking(principal, matrix, purpose, assurance, ceiling or Ceiling())


def a_question(
    principal: Principal,
    label: Label,
    matrix: Matrix = SHIPPED,
    action: Action = Action.READ,
    *,
    name: str | None = None,
    standing: Standing = STRANGER,
    **more: object,
) -> Question:
    """Whether somebody may do something, reading unless told."""
    return Question(an_asking(principal, matrix, **more), action, label, name, standing)


_ROLES = sorted(SHIPPED.roles)
_FEW = 3  # larger matrices take long to make, and are no harder
_CLASSES = st.frozensets(st.sampled_from(DataClass))
_PURPOSES = st.sampled_from(Purpose)
_LINKS = st.sampled_from([Relation.CONVERSATION, Relation.BREAK_GLASS])

roles = st.frozensets(st.sampled_from([*_ROLES, NOBODY_DEFINED]), max_size=4)
principals = st.builds(Principal, st.just("shop"), st.just("ada"), roles)
labels = st.builds(
    Label,
    st.sampled_from(DataClass),
    st.none() | roles,
    st.booleans(),
    st.none() | st.frozensets(_PURPOSES, min_size=1),
)
decisions = st.builds(Decision, st.sampled_from(Effect), st.just("because"))
standings = st.builds(Standing, st.sampled_from(Relation), st.booleans())
_field_rights = st.one_of(
    st.builds(FieldRights, st.frozensets(st.sampled_from(Action))),
    st.builds(
        FieldRights,
        st.frozensets(st.sampled_from(sorted(set(Action) - {Action.READ}, key=str))),
        st.just(value=True),
    ),
    st.just(FieldRights(is_hidden=True)),
)
ceilings = st.builds(
    Ceiling, st.none() | _CLASSES, st.none() | st.frozensets(st.sampled_from(["profile"]))
)


# Made once: a strategy that is made at each draw is checked at each draw.
_BY_ACTION = st.dictionaries(st.sampled_from(Action), _CLASSES, max_size=_FEW)


@st.composite
def _given(draw: st.DrawFn) -> Given:
    actions = draw(_BY_ACTION)
    return Given(actions, draw(_CLASSES) - actions.get(Action.READ, frozenset()))


_rights = st.builds(
    Rights,
    _given(),
    st.dictionaries(st.sampled_from(NAMES), _field_rights, max_size=_FEW),
    st.dictionaries(_LINKS, _given(), max_size=_FEW),
    second_factor=st.booleans(),
    hides=st.booleans(),
)
_made_up = st.builds(
    Matrix,
    st.just(1),
    st.dictionaries(st.sampled_from(_ROLES), _rights, max_size=_FEW),
    st.just({"profile": frozenset(_ROLES)}),
    st.dictionaries(_PURPOSES, st.builds(PurposeRule, st.none() | _CLASSES), max_size=_FEW),
    assurances=st.builds(Assurances, st.just(900), st.frozensets(st.sampled_from(Action))),
)
matrices = st.just(SHIPPED) | _made_up
askings = st.builds(Asking, principals, matrices, _PURPOSES, st.sampled_from(Assurance), ceilings)
questions = st.builds(
    Question,
    askings,
    st.sampled_from(Action),
    labels,
    st.none() | st.sampled_from(NAMES),
    standings,
)
