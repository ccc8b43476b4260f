"""Valid documents at random, made from the schema by schemathesis: none is a fault of ours."""

import os
from pathlib import Path

import httpx2
import pytest
import schemathesis
from graphql.language import (
    IntValueNode,
    ListValueNode,
    NameNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    StringValueNode,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from graph.errors import ErrorCode

CASES = int(os.environ.get("RANDOM_DOCUMENTS", "200"))
SCHEMA = Path(__file__).parents[2] / "schema.graphql"
ROLES = ("service", "agent", "admin", "supervisor", "partner")
OURS = {"INTERNAL", "STORE_UNAVAILABLE", "AUDIT_UNAVAILABLE"}
CODES = {code.value for code in ErrorCode}


def _text(values):
    return values.map(lambda value: StringValueNode(value=value))


_DATES = st.dates().map(str) | st.text(max_size=10)
_TIMES = st.datetimes().map(lambda at: f"{at.isoformat()}Z") | st.text(max_size=10)
_LEAVES = (
    _text(st.text(max_size=10))
    | st.integers().map(lambda value: IntValueNode(value=str(value)))
    | st.builds(NullValueNode)
)


def _object(entries):
    fields = (
        ObjectFieldNode(name=NameNode(value=key), value=value) for key, value in entries.items()
    )
    return ObjectValueNode(fields=tuple(fields))


_KEYS = st.from_regex(r"[a-z][A-Za-z0-9_]{0,5}", fullmatch=True)
_OBJECTS = st.recursive(
    st.dictionaries(_KEYS, _LEAVES, max_size=3).map(_object),
    lambda inner: (
        st.dictionaries(_KEYS, inner | _LEAVES, max_size=3).map(_object)
        | st.lists(inner, max_size=2).map(lambda items: ListValueNode(values=tuple(items)))
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def documents():
    """A strategy of documents of every root field."""
    schemathesis.graphql.scalar("Date", _text(_DATES))
    schemathesis.graphql.scalar("DateTime", _text(_TIMES))
    for name in ("CustomValues", "CustomFieldsFilter", "CustomFieldsOrder"):
        schemathesis.graphql.scalar(name, _OBJECTS)
    schema = schemathesis.graphql.from_path(SCHEMA)
    operations = [found.ok() for found in schema.get_all_operations()]
    return st.one_of([operation.as_strategy() for operation in operations])


@pytest.fixture(scope="module")
def senders(gateway_process):
    """A way to send a document for each role."""
    with httpx2.Client(base_url=gateway_process.url, timeout=30) as client:
        tokens = {role: gateway_process.token(role, tenant="random") for role in ROLES}

        def sender(role):
            headers = {"authorization": f"Bearer {tokens[role]}"}
            return lambda body: client.post("/graphql", json=body, headers=headers)

        yield {role: sender(role) for role in ROLES}


def test_no_valid_document_is_a_fault_of_ours(documents, senders):
    sent = []

    @settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(documents, st.sampled_from(ROLES))
    def check(case, role):
        response = senders[role]({"query": case.body})
        sent.append(response.status_code)
        errors = response.json().get("errors", [])
        codes = {error["extensions"]["code"] for error in errors}

        assert response.status_code < 500, case.body
        assert not codes & OURS, (codes, case.body, response.text)
        assert codes <= CODES

    check()

    assert len(sent) >= CASES * 0.9
