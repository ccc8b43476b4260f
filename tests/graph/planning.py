"""Plans of documents, made as an operation makes them."""

from functools import cache
from typing import Any

from graphql.execution.values import VariableValues, get_variable_values

from graph.inputs import InputCheck
from graph.model.custom_field import CustomerSchema, FieldDefinition, FieldSource, SourceKind
from graph.plan import DocumentPlan, plan_document, root_fields
from graph.schema import TenantSchema
from policies.asking import Asking, Assurance
from policies.classification import DataClass
from policies.decision import Action
from policies.matrix import Ceiling, Matrix
from policies.matrix_file import read_matrix
from policies.principal import Principal
from policies.standing import STRANGER, Purpose, Standing

MATRIX = read_matrix()


def a_field(
    id: str,
    data_class: DataClass = DataClass.BEHAVIOURAL,
    *,
    kind: str = "STRING",
    live: str | None = None,
    **more: Any,
) -> FieldDefinition:
    """A definition whose key is its id in lower case; `live` is its attribute at the CRM."""
    source = FieldSource(SourceKind.LIVE, "crm", "contacts", live) if live else FieldSource()
    return FieldDefinition(
        id=id,
        key=id.lower(),
        label=id,
        kind=kind,
        data_class=data_class,
        source=more.pop("source", source),
        **more,
    )


TIER = a_field("TIER")
HEALTH = a_field("HEALTH", DataClass.SENSITIVE)
ACCOUNT = a_field("ACCOUNT", DataClass.FINANCIAL)
SCORE = a_field("SCORE", kind="NUMBER", live="score")
DEBT = a_field("DEBT", DataClass.SENSITIVE, kind="NUMBER", live="debt")
LIMIT = a_field("LIMIT", DataClass.FINANCIAL, kind="NUMBER", live="credit_limit")
FIELDS = (TIER, HEALTH, ACCOUNT, SCORE, DEBT, LIMIT)


@cache
def shop_schema() -> TenantSchema:
    """A schema with stored and live fields of three classes."""
    return TenantSchema(CustomerSchema(1, FIELDS))


def a_principal(*roles: str) -> Principal:
    """Somebody of the shop."""
    return Principal("shop", "ada", frozenset(roles))


def an_asking(
    *roles: str,
    assurance: Assurance = Assurance.FRESH_SECOND_FACTOR,
    purpose: Purpose = Purpose.SERVICE,
    matrix: Matrix = MATRIX,
) -> Asking:
    """A request of somebody of the shop, with a second factor of just now unless told."""
    return Asking(a_principal(*roles), matrix, purpose, assurance, Ceiling())


def coerced(text: str, variables: dict[str, Any] | None = None, name: str | None = None) -> Any:
    """The document, its operation and its variables; the document must be valid."""
    schema = shop_schema()
    document = schema.documents.get(text)
    assert document.errors == ()
    operation = document.operation(name)
    values = get_variable_values(
        schema.graphql, operation.variable_definitions or (), variables or {}
    )
    assert isinstance(values, VariableValues), values
    return document, operation, values


def planned(
    text: str,
    variables: dict[str, Any] | None = None,
    *,
    role: str = "agent",
    name: str | None = None,
    standing: Standing = STRANGER,
    matrix: Matrix = MATRIX,
) -> DocumentPlan:
    """The plan of a document for one role with a second factor."""
    schema = shop_schema()
    document, operation, values = coerced(text, variables, name)
    access = schema.access_plan(an_asking(role, matrix=matrix), standing)
    return plan_document(
        schema.graphql, schema.facts, operation, document.fragments, values, access
    )


def check_inputs(
    text: str,
    variables: dict[str, Any] | None = None,
    *,
    role: str = "agent",
    matrix: Matrix = MATRIX,
) -> None:
    """Decide the inputs of each root field, as an operation does."""
    schema = shop_schema()
    document, operation, values = coerced(text, variables)
    root = schema.graphql.get_root_type(operation.operation)
    action = Action.FILTER if root is schema.graphql.query_type else Action.WRITE
    check = InputCheck(schema.facts, an_asking(role, matrix=matrix), action)
    for node in root_fields(operation, document.fragments, values):
        check.check(root.name, node, root.fields[node.name.value], values)
