"""Clients that nobody here wrote read and write our stand-ins, and see what our connectors see."""

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from connectors.base import Call, Key, SourceSettings
from connectors.runtime.budget import Budget
from connectors.vendors.dataverse import Dataverse
from connectors.vendors.salesforce import Salesforce
from tests.support import dataverse_tables
from tests.support.dataverse_http import dataverse_app
from tests.support.dataverse_tables import TENANT, Tables
from tests.support.judges import verdict
from tests.support.listening import standing_in
from tests.support.salesforce_http import salesforce_app
from tests.support.salesforce_org import CLIENT_ID, CLIENT_SECRET, Org


@pytest.fixture
def call(http):
    return Call(http, Budget(20.0))


@pytest.fixture
async def org():
    org = Org(page=3)
    async with standing_in(salesforce_app(org)) as url:
        settings = SourceSettings("sf", url, CLIENT_SECRET, {"client_id": CLIENT_ID})
        yield org, url, Salesforce(settings)


async def test_what_simple_salesforce_wrote_our_connector_reads(org, call):
    _, url, salesforce = org

    made = await verdict("salesforce", url, "write")

    found = await salesforce.fetch(
        call, "Contact", [Key("id", id_) for id_ in made], ["LastName", "Title"]
    )
    assert [record and record.values for record in found.values()] == [
        {"LastName": "C0", "Title": None},
        {"LastName": "C1", "Title": "O'Baker"},
        None,
        *({"LastName": f"C{n}", "Title": None} for n in range(3, 7)),
    ]
    [page, records] = [
        first := await salesforce.changed(call, "Contact", None, []),
        await salesforce.changed(call, "Contact", first.cursor, []),
    ]
    told = {change.id for change in (*page.changes, *records.changes)}
    assert told == {*made} - {made[2]}


async def test_what_our_connector_wrote_simple_salesforce_reads(org, call):
    kept, url, salesforce = org
    made = [kept.create("Contact", {"LastName": f"C{n}", "Email": "a@x"}) for n in range(10)]
    for id_ in made[:2]:
        await salesforce.write(call, "Contact", id_, {"Title": "O'Baker"})

    read = await verdict("salesforce", url, "read")

    ours = await salesforce.fetch(
        call, "Contact", [Key("id", id_) for id_ in made], ["LastName", "Title", "Email"]
    )
    assert read["rows"] == [
        {"Id": record.id, **record.values, "SystemModstamp": record.etag}
        for record in ours.values()
    ]
    assert (read["total"], read["quoted"], read["one"]) == (10, 2, "C0")
    assert read["collection"] == ["C0", None]
    described = await salesforce.describe(call, "Contact")
    assert read["fields"] == [one.name for one in described]


async def test_simple_salesforce_understands_every_refusal(org):
    _, url, _ = org

    assert await verdict("salesforce", url, "refusals") == [
        "INVALID_FIELD",
        "MALFORMED_QUERY",
        "NOT_FOUND",
        "NOT_FOUND",
        "INVALID_SESSION_ID",
    ]


async def test_simple_salesforce_signs_as_our_connector_does(org, call, rsa_key):
    kept, url, _ = org
    public = load_pem_private_key(rsa_key.encode(), None).public_key()
    kept.public_key = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    options = {"client_id": CLIENT_ID, "user": "gateway@acme.example"}

    await Salesforce(SourceSettings("sf", url, rsa_key, options)).ping(call)

    assert await verdict("salesforce", url, "sign", rsa_key) == 0


@pytest.fixture
async def environment():
    tables = Tables()
    async with standing_in(dataverse_app(tables)) as url:
        options = {
            "client_id": dataverse_tables.CLIENT_ID,
            "tenant": TENANT,
            "token_url": f"{url}/{TENANT}/oauth2/v2.0/token",
        }
        settings = SourceSettings("dv", url, dataverse_tables.CLIENT_SECRET, options)
        dataverse = Dataverse(settings)
        tables.tokens["a-token"] = tables.now
        yield tables, url, dataverse


async def test_what_microsofts_client_wrote_our_connector_reads(environment, call):
    _, url, dataverse = environment

    made = await verdict("dataverse", url, "a-token", "write")

    keys = [Key("id", id_) for id_ in made]
    names = ["lastname", "jobtitle", "gendercode@label"]
    found = await dataverse.fetch(call, "contact", keys, names)
    assert [record and [*record.values.values()] for record in found.values()] == [
        ["C0", None, None],
        ["C1", "O'Baker", "Female"],
        None,
        *(["C" + str(n), None, None] for n in range(3, 7)),
    ]
    page = await dataverse.changed(call, "contact", None, [])
    assert {change.id for change in page.changes} == {*made} - {made[2]}


async def test_what_our_connector_wrote_microsofts_client_reads(environment, call):
    tables, url, dataverse = environment
    made = [tables.create("contact", {"lastname": f"C{n}"}) for n in range(10)]
    await dataverse.write(call, "contact", made[9], {"jobtitle": "O'Baker", "gendercode": 2})

    read = await verdict("dataverse", url, "a-token", "read")

    names = ["lastname", "jobtitle", "gendercode"]
    ours = await dataverse.fetch(call, "contact", [Key("id", id_) for id_ in made], names)
    assert read["rows"] == [{"contactid": one.id, **one.values} for one in ours.values()]
    assert (read["one"], read["quoted"]) == ("C0", ["C9"])
    described = await dataverse.describe(call, "contact")
    links = {"_ownerid_value": "ownerid", "_masterid_value": "masterid"}
    assert read["columns"] == sorted(links.get(one.name, one.name) for one in described)
    assert read["keys"] == [["emailaddress1"]]


async def test_microsofts_client_understands_every_refusal(environment):
    _, url, _ = environment

    assert await verdict("dataverse", url, "a-token", "refusals") == [
        [404, "0x80040217"],
        [404, "0x80040217"],
        [400, "0x80060888"],
    ]
