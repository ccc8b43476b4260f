"""The customer schema of Expertflow CX becomes ours, attribute by attribute."""

import json

import pytest

from app.expertflow import attribute_of, customer_columns, our_key, read_attributes
from app.imports.errors import ImportTrouble
from graph.kinds.definitions import checked_definition
from graph.model.channel import Channel
from policies.classification import DataClass
from tests.app.imports.conftest import importing  # noqa: F401 - a fixture
from tests.support.process import Ended, command


def attribute(key: str, type_: str = "String", **parts) -> dict[str, object]:
    """An attribute as Expertflow's API gives it."""
    return {
        "_id": "63a0",
        "__v": 0,
        "key": key,
        "label": key.title(),
        "description": "",
        "type": type_,
        "length": 50,
        "isRequired": False,
        "defaultValue": "",
        "isPii": False,
        "isChannelIdentifier": False,
        "channelTypes": [],
        "isSearchable": True,
        **parts,
    }


SCHEMA = [
    attribute("firstName", isRequired=True, isPii=True),
    attribute("phoneNumber", "Phonenumber", isChannelIdentifier=True, channelTypes=["VOICE"]),
    attribute("email", "Email", isChannelIdentifier=True, channelTypes=["EMAIL"]),
    attribute(
        "facebook", isPii=True, isChannelIdentifier=True, channelTypes=[{"name": "facebook"}]
    ),
    attribute("loyalty tier", isRequired=True, defaultValue="bronze"),
    attribute("isVip", "Boolean", defaultValue="true"),
    attribute("score", "Number", defaultValue="7"),
    attribute("faxes", "Fax"),
]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        *(("Alphanumeric", "ALPHANUMERIC"), ("boolean", "BOOLEAN"), ("EMAIL", "EMAIL")),
        *(("Ip", "IP"), ("Name", "NAME"), ("Number", "NUMBER"), ("Phonenumber", "PHONE_NUMBER")),
        *(("PhoneNumber", "PHONE_NUMBER"), ("phone_number", "PHONE_NUMBER")),
        *(("Password", "PASSWORD"), ("String", "STRING"), ("url", "URL")),
    ],
)
def test_every_type_has_its_kind_and_the_definition_works(given, kind):
    found = attribute_of(attribute("thing", given)).definition

    assert checked_definition(found, 10).kind == kind
    assert found.facets.max_length == (50 if kind == "STRING" else None)


@pytest.mark.parametrize(
    ("type_", "parts", "data_class"),
    [
        ("String", {}, DataClass.BEHAVIOURAL),
        ("String", {"isPii": True}, DataClass.SENSITIVE),
        ("Name", {"isPii": True}, DataClass.IDENTITY),
        ("Email", {"isPii": True}, DataClass.CONTACT),
        ("Phonenumber", {"isPii": True}, DataClass.CONTACT),
        ("String", {"isPii": True, "isChannelIdentifier": True}, DataClass.CONTACT),
    ],
)
def test_what_is_personal_has_a_class_that_protects_it(type_, parts, data_class):
    assert attribute_of(attribute("thing", type_, **parts)).definition.data_class is data_class


def test_a_channel_identifier_is_a_list_of_ten_that_names_on_its_channels():
    given = attribute(
        "handles", isChannelIdentifier=True, channelTypes=["web", {"name": "WHATSAPP"}, "Pigeon"]
    )

    found = attribute_of(given)

    definition = checked_definition(found.definition, 10)
    assert definition.channels == (Channel.WEB, Channel.WHATSAPP)
    assert (definition.is_list, definition.max_values) == (True, 10)
    assert found.notes == ("there is no channel PIGEON here",)


@pytest.mark.parametrize(
    ("key", "target"),
    [
        ("firstName", "name.given"),
        ("phoneNumber", "identities.VOICE"),
        ("voice", "identities.VOICE"),
        ("web", "identities.WEB"),
        ("email", "identities.EMAIL"),
    ],
)
def test_what_every_profile_has_is_mapped_and_not_defined(key, target):
    found = attribute_of(attribute(key))

    assert (found.target, found.definition) == (target, None)


@pytest.mark.parametrize(
    ("key", "ours"),
    [
        ("tier", "tier"),
        ("loyalty tier", "loyaltyTier"),
        ("Loyalty-Tier", "loyaltyTier"),
        ("2nd_name", "ndName"),
        ("_x", "x"),
    ],
)
def test_a_key_that_does_not_fit_becomes_camel_case_and_is_told(key, ours):
    found = attribute_of(attribute(key))

    assert our_key(key) == found.definition.key == ours
    assert found.notes == (() if key == ours else (f"its key is {ours} here",))


def test_what_can_not_be_taken_over_says_why():
    told = [attribute_of(attribute("x", "Fax")), attribute_of(attribute("дата")), attribute_of({})]

    assert [item.definition for item in told] == [None, None, None]
    assert [item.notes[0].partition(" ")[0] for item in told] == ["its", "its", "it"]


def test_a_length_a_label_and_a_default_are_made_to_fit():
    found = attribute_of(
        attribute("x", length="9000", label="L" * 60, defaultValue="d" * 4001, description=None)
    )

    assert checked_definition(found.definition, 10).facets.max_length == 4000
    assert (found.definition.label, found.definition.default) == ("L" * 50, None)
    assert len(found.notes) == 3


@pytest.mark.parametrize(
    "wrap", [lambda a: a, lambda a: {"attributes": a}, lambda a: {"x": 1, "y": a}]
)
def test_attributes_are_found_in_a_list_or_in_an_object_with_one(wrap):
    found = read_attributes(json.dumps(wrap(SCHEMA)).encode())

    assert [item.key for item in found] == [item["key"] for item in SCHEMA]


@pytest.mark.parametrize("content", [b"{", b"1", b"[1]", b'{"a": [], "b": []}', b"\xff"])
def test_a_schema_of_another_shape_is_refused(content):
    with pytest.raises(ImportTrouble, match="customer schema"):
        read_attributes(content)


def test_two_keys_that_become_one_are_one_field():
    first, second = read_attributes(json.dumps([attribute("a b"), attribute("aB")]).encode())

    assert first.definition.key == "aB"
    assert (second.definition, second.notes) == (None, ("another attribute is aB already",))


def test_a_customer_is_read_as_columns():
    customer = {
        "_id": {"$oid": "651f"},
        "__v": 3,
        "firstName": "Ada",
        "phoneNumber": ["1", "2"],
        "isAnonymous": False,
        "labels": ["x"],
        "createdAt": "2023",
        "updatedAt": "2023",
        "loyalty tier": "gold",
    }

    assert customer_columns(customer) == [
        ("link.expertflow.customer", "651f"),
        ("name.given", "Ada"),
        ("identities.VOICE", ["1", "2"]),
        ("custom.loyaltyTier", "gold"),
    ]


async def test_a_schema_is_imported_once_and_a_second_run_changes_nothing(importing):  # noqa: F811 - the fixture imported above
    importing.file("schema.json", json.dumps({"attributes": SCHEMA}))

    dry = await schema_import(importing, "--dry-run", "--json")
    untouched = await importing.schema()
    first = await schema_import(importing, "--json")
    defined = await importing.schema()
    second = await schema_import(importing, "--json")
    told = await schema_import(importing)

    report = json.loads(first.out)
    assert untouched.revision == 0
    assert json.loads(dry.out) == report | {"dryRun": True}
    assert list(report["defined"]) == ["facebook", "loyalty tier", "isVip", "score"]
    assert list(report["mapped"]) == ["firstName", "phoneNumber", "email"]
    assert list(report["skipped"]) == ["faxes"]
    assert list(defined.by_key) == ["facebook", "loyaltyTier", "isVip", "score"]
    assert [item.default for item in defined.fields] == [None, "bronze", True, 7]
    assert list(json.loads(second.out)["unchanged"]) == list(report["defined"])
    assert await importing.schema() == defined
    assert "mapped    firstName: name.given" in told.out.splitlines()


async def test_the_schema_command_still_prints_the_schema(importing):  # noqa: F811 - the fixture imported above
    await importing.define("tier")

    plain = await command("schema", folder=importing.folder)
    own = await command(
        "schema", "--tenant", importing.tenant, folder=importing.folder, **importing.environment
    )

    assert (plain.code, own.code) == (0, 0)
    assert plain.out != own.out
    assert "tier" in own.out


async def schema_import(importing, *words: str) -> Ended:  # noqa: F811 - the fixture imported above
    """How `schema import` ended."""
    told = ("schema", "import", "schema.json", "--tenant", importing.tenant, *words)
    ended = await command(*told, folder=importing.folder, **importing.environment)
    assert (ended.code, ended.err) == (0, "")
    return ended
