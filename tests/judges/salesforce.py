"""simple-salesforce at work: `salesforce.py URL write|read|refusals|sign [ARGUMENT]`.

Run by a Python of its own, see tests/support/judges.py.  It prints what it found as JSON.
"""

import json
import sys
from urllib.parse import urlsplit, urlunsplit

import requests.sessions
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

CLIENT_ID, CLIENT_SECRET = "client-1", "client-secret-7f3a"


def led_to(url):
    """An adapter that leads every request to `url`: the client knows no other addresses than
    Salesforce's, and no other way than TLS.
    """
    target = urlsplit(url)

    class Led(HTTPAdapter):
        def send(self, request, **more):
            parts = urlsplit(request.url)
            request.url = urlunsplit((target.scheme, target.netloc, *parts[2:]))
            return super().send(request, **more)

    return Led


def write(client, _):
    made = [
        client.Contact.create({"LastName": f"C{n}", "Email": f"c{n}@x.example"})["id"]
        for n in range(7)
    ]
    client.Contact.update(made[1], {"Title": "O'Baker"})
    client.Contact.delete(made[2])
    return made


def read(client, _):
    rows = client.query_all(
        "SELECT Id, LastName, Title, Email, SystemModstamp FROM Contact ORDER BY Id"
    )
    found = [{name: row[name] for name in row if name != "attributes"} for row in rows["records"]]
    first = found[0]["Id"]
    asked = {"ids": [first, "003000000000000AAA"], "fields": ["LastName"]}
    collection = client.restful("composite/sobjects/Contact", method="POST", json=asked)
    described = client.Contact.describe()["fields"]
    one = client.Contact.get(first)
    return {
        "rows": found,
        "total": rows["totalSize"],
        "one": one["LastName"],
        "collection": [row and row["LastName"] for row in collection],
        "fields": sorted(field["name"] for field in described),
        "quoted": client.query("SELECT Id FROM Contact WHERE Title = 'O\\'Baker'")["totalSize"],
    }


def refusals(client, _):
    return [
        _refused(SalesforceMalformedRequest, client.query, "SELECT Nothing__c FROM Contact"),
        _refused(SalesforceMalformedRequest, client.query, "SELECT FROM"),
        _refused(SalesforceResourceNotFound, client.Contact.get, "003000000000000AAA"),
        _refused(SalesforceResourceNotFound, client.Nothing__c.describe),
        _refused(
            SalesforceExpiredSession,
            Salesforce(session_id="old", instance_url=f"https://{client.sf_instance}").query,
            "SELECT Id FROM Contact",
        ),
    ]


def _refused(expected, call, *arguments):
    try:
        call(*arguments)
    except expected as error:
        return error.content[0]["errorCode"]
    return None


def main():
    url, what = sys.argv[1:3]
    argument = sys.argv[3] if len(sys.argv) > 3 else ""
    requests.sessions.HTTPAdapter = led_to(url)
    if what == "sign":
        who = {"username": "gateway@acme.example", "privatekey": argument}
        client = Salesforce(consumer_key=CLIENT_ID, domain="login", **who)
        found = client.query("SELECT Id FROM Contact")["totalSize"]
    else:
        who = {"consumer_key": CLIENT_ID, "consumer_secret": CLIENT_SECRET, "domain": "acme.my"}
        found = {"write": write, "read": read, "refusals": refusals}[what](
            Salesforce(**who), argument
        )
    sys.stdout.write(json.dumps(found))


main()
