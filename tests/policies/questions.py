"""Principals, matrices and questions, by hand and by Hypothesis."""

from collections.abc import Iterable, Mapping

from hypothesis import strategies as st

from policies.access.question import Question
from policies.classification import DataClass, Label
from policies.decision import Action, Decision, Effect
from policies.matrix import Matrix, Rights, read_matrix
from policies.principal import Principal

SHIPPED = read_matrix()
NOBODY_DEFINED = "nobody-defined"


def somebody(*roles: str, second_factor: bool = True) -> Principal:
    """A principal of one tenant with these roles."""
    return Principal("shop", "ada", frozenset(roles), has_second_factor=second_factor)


def some_rights(
    *,
    read: Iterable[DataClass] = (),
    mask: Iterable[DataClass] = (),
    write: Iterable[DataClass] = (),
    filter: Iterable[DataClass] = (),
    second_factor: bool = False,
) -> Rights:
    """Rights of one role; nothing unless told."""
    sets = (frozenset(classes) for classes in (read, mask, write, filter))
    return Rights(*sets, second_factor=second_factor)


def a_matrix(
    roles: Mapping[str, Rights], operations: Mapping[str, frozenset[str]] | None = None
) -> Matrix:
    """A matrix of these roles."""
    return Matrix(1, dict(roles), dict(operations or {}))


def a_question(
    principal: Principal,
    label: Label,
    matrix: Matrix = SHIPPED,
    action: Action = Action.READ,
) -> Question:
    """Whether somebody may do something, reading unless told."""
    return Question(principal, action, label, matrix)


_ROLES = sorted(SHIPPED.roles)
_CLASSES = st.frozensets(st.sampled_from(DataClass))

roles = st.frozensets(st.sampled_from([*_ROLES, NOBODY_DEFINED]), max_size=4)
principals = st.builds(Principal, st.just("shop"), st.just("ada"), roles, st.booleans())
labels = st.builds(Label, st.sampled_from(DataClass), st.none() | roles, st.booleans())
decisions = st.builds(Decision, st.sampled_from(Effect), st.just("because"))


@st.composite
def _all_rights(draw: st.DrawFn) -> Rights:
    read = draw(_CLASSES)
    return Rights(
        read,
        draw(_CLASSES) - read,
        draw(_CLASSES),
        draw(_CLASSES),
        second_factor=draw(st.booleans()),
    )


matrices = st.just(SHIPPED) | st.dictionaries(st.sampled_from(_ROLES), _all_rights()).map(a_matrix)
questions = st.builds(Question, principals, st.sampled_from(Action), labels, matrices)
