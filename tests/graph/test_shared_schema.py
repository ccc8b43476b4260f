"""Tenants without custom fields share a schema, and nothing that is decided by it."""

from graph.model.custom_field import CustomerSchema
from graph.schema import TenantSchema
from policies.classification import DataClass
from tests.graph.planning import FIELDS, an_asking


def test_tenants_that_never_defined_a_field_share_what_is_built():
    one, other = TenantSchema(), TenantSchema(CustomerSchema())

    assert one.graphql is other.graphql
    assert one.facts is other.facts


def test_whoever_defined_a_field_has_a_schema_of_their_own():
    bare, own = TenantSchema(), TenantSchema(CustomerSchema(1, FIELDS))
    retired = TenantSchema(CustomerSchema(2, (), FIELDS))
    sealed = TenantSchema(CustomerSchema(sealed=frozenset({DataClass.IDENTITY})))

    assert len({id(each.graphql) for each in (bare, own, retired, sealed)}) == 4
    assert own.facts.customer_schema.fields == FIELDS
    assert retired.facts.customer_schema.retired == FIELDS
    assert sealed.facts.customer_schema.sealed == {DataClass.IDENTITY}
    assert "CustomFields" in own.graphql.type_map
    assert set(own.graphql.type_map["CustomFields"].fields) > set(
        bare.graphql.type_map["CustomFields"].fields
    )


def test_what_is_decided_in_one_schema_is_not_known_in_another():
    one, other = TenantSchema(), TenantSchema()
    asking = an_asking("partner")

    assert one.access_plan(asking) is one.access_plan(asking)
    assert one.access_plan(asking) is not other.access_plan(asking)
    assert one.documents is not other.documents
    assert one.visible(asking) is not other.visible(asking)
