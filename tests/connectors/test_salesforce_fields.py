"""What Salesforce says it doesn't have: that alone is dropped, and nothing else."""

import pytest

from connectors.base import Call, Key, SourceSettings
from connectors.errors import BadPayload
from connectors.runtime.budget import Budget
from connectors.salesforce.errors import Refusals
from connectors.vendors.salesforce import Salesforce
from tests.connectors.example import SECRET
from tests.connectors.test_salesforce import ADA, OPTIONS, a_row, refused, token_for
from tests.support.scripted_http import json_of


@pytest.fixture(autouse=True)
def tokens(crm):
    crm.aside = token_for
    yield
    crm.aside = None


def column(name, entity):
    return f"No such column '{name}' on entity '{entity}'. If you are attempting to use a ..."


def relationship(name):
    return f"Didn't understand relationship '{name}' in field path. If you are attempting ..."


def asked(question, told):
    """A message as it comes: the question, where in it, and what is wrong."""
    return f"{question}\n        ^\nERROR at Row:1:Column:8\n{told}"


def unknown(attributes, message, fields=()):
    """Those of `attributes` that a message about Contacts drops."""
    refusals = Refusals("sf", attributes, "Contact")
    refusals.error_of([{"errorCode": "INVALID_FIELD", "message": message, "fields": [*fields]}])
    return refusals.unknown


@pytest.mark.parametrize(
    ("attributes", "told", "dropped"),
    [
        ({"Account.Name", "Account.Bad__c"}, column("Bad__c", "Account"), {"Account.Bad__c"}),
        ({"Name", "Account.Name"}, column("Name", "Account"), {"Account.Name"}),
        ({"Name", "Account.Name"}, column("Name", "Contact"), {"Name"}),
        (
            {"Owner.Email__c", "Account.Email__c"},
            column("Email__c", "Account"),
            {"Account.Email__c"},
        ),
        ({"Owner.Email__c", "Account.Email__c"}, column("Email__c", "User"), {"Owner.Email__c"}),
        ({"House__r.X__c", "Owner.X__c"}, column("X__c", "House__c"), {"House__r.X__c"}),
        ({"House__r.X__c", "Name"}, column("X__c", "Building__c"), {"House__r.X__c"}),
        ({"title", "Name"}, column("TITLE", "Contact"), {"title"}),
        ({"Title", "Name"}, "No such column 'Title' on sobject of type Contact", {"Title"}),
        ({"Account", "Account.Name"}, column("Bad__c", "Account"), set()),
        ({"Nope.A", "Nope.B.C", "D", "Account.Nope"}, relationship("Nope"), {"Nope.A", "Nope.B.C"}),
        ({"Nope", "Account.Nope.Name"}, relationship("Nope"), {"Account.Nope.Name"}),
    ],
)
def test_what_there_is_not_is_dropped_alone(attributes, told, dropped):
    assert unknown(attributes, asked("SELECT ...", told)) == dropped


@pytest.mark.parametrize(
    "value",
    [
        "name",
        "No such column \\'Name\\' on entity \\'Contact\\'",
        "ERROR at Row:1:Column:2",
        "relationship \\'Account\\'",
    ],
)
def test_a_value_of_the_question_names_nothing(value):
    question = f"SELECT Name FROM Contact WHERE Email IN ('{value}')"  # noqa: S608 - sent nowhere
    attributes = {"Name", "Account.Name", "Bad__c"}

    assert unknown(attributes, asked(question, column("Bad__c", "Contact"))) == {"Bad__c"}
    assert unknown(attributes, question) == set()


def test_fields_that_a_refusal_lists_are_taken_whole():
    assert unknown({"Account.Name", "Title"}, "no", ["title", "Name"]) == {"Title"}


def test_a_refusal_that_names_none_of_ours_is_a_bad_payload():
    told = [{"errorCode": "INVALID_FIELD", "message": column("Other__c", "Contact")}]

    assert type(Refusals("sf", {"Title"}, "Contact").error_of(told)) is BadPayload


async def test_a_relationship_that_is_not_there_costs_one_more_call_however_many_lead_through_it(
    crm, http
):
    salesforce = Salesforce(SourceSettings("sf", crm.url, SECRET, OPTIONS))
    crm.play(
        refused("INVALID_FIELD", asked("SELECT ...", relationship("Nope__r"))),
        json_of([a_row(ADA, Title="Baker")]),
    )
    attributes = ["Title", *(f"Nope__r.F{number}" for number in range(9))]

    outcomes = await salesforce.fetch(
        Call(http, Budget(5.0)), "Contact", [Key("id", ADA)], attributes
    )

    assert outcomes[Key("id", ADA)].values == {"Title": "Baker"}
    assert len(crm.received) == 2
