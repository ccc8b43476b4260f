from dataclasses import replace

import pytest

from app.field_proposals import proposals
from connectors.abilities import Attribute, ValueType
from graph.kinds.definitions import checked_definition
from graph.model.custom_field import (
    CustomerSchema,
    FieldDefinition,
    FieldSource,
    SourceKind,
)
from policies.classification import DataClass


def proposed(*attributes, schema=None):
    return proposals(attributes, schema or CustomerSchema(), "crm", "contacts")


def attribute(name, type=ValueType.TEXT, **more):
    return Attribute(name, more.pop("label", name), type, **more)


@pytest.mark.parametrize(
    ("given", "kind", "data_class"),
    [
        (attribute("tier"), "STRING", DataClass.BEHAVIOURAL),
        (attribute("email", ValueType.EMAIL), "EMAIL", DataClass.CONTACT),
        (attribute("x", ValueType.PHONE), "PHONE_NUMBER", DataClass.CONTACT),
        (attribute("last_name"), "STRING", DataClass.IDENTITY),
        (attribute("MailingStreet"), "STRING", DataClass.CONTACT),
        (attribute("BirthDate", ValueType.DATE), "DATE", DataClass.DEMOGRAPHIC),
        (attribute("f17", label="Annual revenue"), "STRING", DataClass.FINANCIAL),
        (attribute("spent", ValueType.MONEY), "DECIMAL", DataClass.FINANCIAL),
        (attribute("internal_notes"), "STRING", DataClass.SENSITIVE),
        (attribute("x1", is_sensitive=True), "STRING", DataClass.SENSITIVE),
        (attribute("score", ValueType.INTEGER), "NUMBER", DataClass.BEHAVIOURAL),
        (attribute("seen", ValueType.DATETIME), "DATETIME", DataClass.BEHAVIOURAL),
        (attribute("plan", ValueType.CHOICE, options=("a", "b")), "CHOICE", DataClass.BEHAVIOURAL),
        (attribute("plan", ValueType.CHOICE), "STRING", DataClass.BEHAVIOURAL),
        (attribute("owner", ValueType.LINK), "STRING", DataClass.BEHAVIOURAL),
    ],
)
def test_an_attribute_has_a_kind_and_a_data_class_by_its_type_and_name(given, kind, data_class):
    [one] = proposed(given)

    assert (one.definition.kind, one.definition.data_class) == (kind, data_class)


@pytest.mark.parametrize("type", ValueType)
@pytest.mark.parametrize("is_list", [True, False])
@pytest.mark.parametrize("options", [(), ("a", "b", "a"), ("a\n",), ("x" * 300,)])
def test_every_proposal_can_be_defined(type, is_list, options):
    [one] = proposed(attribute("some_thing", type, is_list=is_list, options=options))

    assert checked_definition(one.definition, 10).key == "someThing"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("user_fields.tier", "tier"),
        ("Loyalty_Tier__c", "loyaltyTier"),
        ("URL2", "url2"),
        ("x-studio-score", "xStudioScore"),
        ("2nd", "nd"),
        ("größe", "grE"),
        ("日本", "attribute"),
        ("gender", "crmGender"),
        ("language", "crmLanguage"),
    ],
)
def test_a_key_is_made_of_the_attribute_s_name(name, key):
    [one] = proposed(attribute(name))

    assert one.definition.key == key


def test_no_two_attributes_and_no_field_of_another_have_one_key():
    taken = FieldDefinition(
        id="f1", key="tier", label="Tier", kind="STRING", data_class=DataClass.BEHAVIOURAL
    )
    schema = CustomerSchema(1, (taken,))

    found = proposed(*map(attribute, ("a.tier", "b.tier", "tier", "c-tier")), schema=schema)

    keys = [one.definition.key for one in found]
    assert len({*keys, "tier"}) == 5
    assert keys[:2] == ["aTier", "bTier"]


def test_a_retired_field_keeps_its_key_until_it_is_purged():
    retired = FieldDefinition(
        id="f1",
        key="tier",
        label="Tier",
        kind="STRING",
        data_class=DataClass.BEHAVIOURAL,
        is_retired=True,
    )
    schemas = [CustomerSchema(1, (), (one,)) for one in (retired, replace(retired, is_purged=True))]

    keys = [proposed(attribute("tier"), schema=schema)[0].definition.key for schema in schemas]

    assert keys == ["crmTier", "tier"]


def test_an_attribute_that_is_defined_already_says_as_what():
    source = FieldSource(SourceKind.LIVE, "crm", "contacts", "loyalty")
    known = FieldDefinition(
        id="f1",
        key="tier",
        label="Tier",
        kind="STRING",
        data_class=DataClass.BEHAVIOURAL,
        source=source,
    )

    one, other = proposed(
        attribute("loyalty"), attribute("tier"), schema=CustomerSchema(1, (known,))
    )

    assert (one.known, one.definition.key) == ("tier", "tier")
    assert (other.known, other.definition.key) == (None, "crmTier")
    assert other.definition.source == FieldSource(SourceKind.LIVE, "crm", "contacts", "tier")
