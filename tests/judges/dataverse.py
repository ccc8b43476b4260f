"""Microsoft's client for Dataverse at work: `dataverse.py URL TOKEN write|read|refusals`.

Run by a Python of its own, see tests/support/judges.py.  It prints what it found as JSON.
"""

import json
import sys
import time
from urllib.parse import urlsplit, urlunsplit

import requests.sessions
from azure.core.credentials import AccessToken
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError
from requests.adapters import HTTPAdapter

NOBODY = "00000000-0000-4000-8000-000000000001"


class Shown:
    """A credential that shows one token."""

    def __init__(self, token):
        self._token = token

    def get_token(self, *_, **__):
        return AccessToken(self._token, int(time.time()) + 3600)


def led_to(url):
    """An adapter that leads every request to `url`: the client knows no other way than TLS."""
    target = urlsplit(url)

    class Led(HTTPAdapter):
        def send(self, request, **more):
            parts = urlsplit(request.url)
            request.url = urlunsplit((target.scheme, target.netloc, *parts[2:]))
            return super().send(request, **more)

    return Led


def write(client):
    made = [
        client.records.create("contact", {"lastname": f"C{n}", "emailaddress1": f"c{n}@x.example"})
        for n in range(7)
    ]
    client.records.update("contact", made[1], {"jobtitle": "O'Baker", "gendercode": "Female"})
    client.records.delete("contact", made[2])
    return made


def read(client):
    columns = ["contactid", "lastname", "jobtitle", "gendercode"]
    pages = client.records.list_pages("contact", select=columns, page_size=4)
    rows = [dict(row.items()) for page in pages for row in page]
    first = rows[0]["contactid"]
    one = client.records.retrieve("contact", first, select=["lastname"])
    quoted = client.records.list("contact", filter="jobtitle eq 'O''Baker'", select=["lastname"])
    return {
        "rows": [{name: row[name] for name in columns} for row in rows],
        "one": one["lastname"],
        "quoted": [row["lastname"] for row in quoted],
        "columns": sorted(one["LogicalName"] for one in client.tables.list_columns("contact")),
        "keys": [key.key_attributes for key in client.tables.get_alternate_keys("contact")],
    }


def refusals(client):
    return [
        _refused(client.records.update, "contact", NOBODY, {"lastname": "x"}),
        _refused(client.records.delete, "contact", NOBODY),
        _refused(client.records.list, "contact", filter="nothing eq 'x'"),
    ]


def _refused(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except HttpError as error:
        return [error.status_code, error.details.get("service_error_code")]
    return None


def main():
    url, token, what = sys.argv[1:]
    requests.sessions.HTTPAdapter = led_to(url)
    with DataverseClient("https://acme.crm.dynamics.com", Shown(token)) as client:
        found = {"write": write, "read": read, "refusals": refusals}[what](client)
    sys.stdout.write(json.dumps(found))


main()
