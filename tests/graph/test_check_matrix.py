"""A matrix that doesn't fit the schema is refused, with the names that don't."""

from dataclasses import replace

import pytest

from graph.schema import TenantSchema, check_matrix
from policies.decision import Action
from policies.errors import WrongMatrix
from policies.matrix import FieldRights, Matrix
from tests.graph.planning import MATRIX


def with_field(name: str, rights: FieldRights) -> Matrix:
    """The shipped matrix with rights of agents on one field."""
    agent = replace(MATRIX.roles["agent"], fields={name: rights})
    return replace(MATRIX, roles={**MATRIX.roles, "agent": agent})


@pytest.mark.parametrize("rights", [FieldRights(), FieldRights(is_masked=True)])
def test_what_is_never_null_is_given_or_hidden_by_name_but_not_withheld(rights):
    schema = TenantSchema()

    with pytest.raises(WrongMatrix, match=r"never null, so give or hide them: Profile\.history$"):
        check_matrix(schema, with_field("Profile.history", rights))

    check_matrix(schema, with_field("Profile.gender", rights))
    check_matrix(schema, with_field("Profile.history", FieldRights(is_hidden=True)))
    check_matrix(schema, with_field("Profile.history", FieldRights(frozenset({Action.READ}))))


def test_the_operations_of_matrix_and_schema_are_the_same():
    more = replace(MATRIX, operations={**MATRIX.operations, "fly": frozenset({"agent"})})

    with pytest.raises(WrongMatrix, match=r"operations of matrix and schema differ: fly$"):
        check_matrix(TenantSchema(), more)
    assert "explainAccess.as" in MATRIX.operations


def test_who_may_call_anything_reads_ids_and_the_like():
    blind = replace(MATRIX.roles["agent"], given=replace(MATRIX.roles["agent"].given, actions={}))
    matrix = replace(MATRIX, roles={**MATRIX.roles, "agent": blind})

    with pytest.raises(WrongMatrix, match=r"roles that may call anything read PUBLIC: agent$"):
        check_matrix(TenantSchema(), matrix)
