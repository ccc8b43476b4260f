"""zenpy at work: `zendesk.py URL EMAIL TOKEN write|read|refusals [IDS]`.

Run by a Python of its own, see tests/support/judges.py.  It prints what it found as JSON.
"""

import json
import sys
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from zenpy import Zenpy
from zenpy.lib.api_objects import User
from zenpy.lib.exception import APIException, RecordNotFoundException


class Led(HTTPAdapter):
    """Leads every request to another address: the client knows Zendesk's alone, and TLS alone."""

    def __init__(self, url):
        self._target = urlsplit(url)
        super().__init__()

    def send(self, request, **more):
        led = request.copy()
        led.url = urlunsplit((self._target.scheme, self._target.netloc, *urlsplit(request.url)[2:]))
        response = super().send(led, **more)
        response.request = request  # zenpy looks at the address that it asked
        return response


def client_of(url, email, token):
    session = requests.Session()
    session.mount("https://", Led(url))
    return Zenpy(subdomain="shop", email=email, token=token, session=session, disable_cache=True)


def write(client, _):
    made = [
        client.users.create(
            User(name=f"C{n}", email=f"c{n}@x.example", external_id=f"E{n}", tags=["vip"])
        )
        for n in range(5)
    ]
    made[1].notes = 'O"Baker'
    made[1].user_fields["tier"] = "gold"
    client.users.update(made[1])
    client.users.delete(made[2])
    return [user.id for user in made]


def read(client, ids):
    many = client.users(ids=ids)
    export = client.users.incremental(start_time=0)
    return {
        "me": client.users.me().name,
        "many": [[user.id, user.name, user.notes] for user in many],
        "tier": client.users(id=ids[0]).user_fields["tier"],
        "exported": [user.id for user in export],
        "found": [user.id for user in client.users.search(query='email:"c1@x.example"')],
        "tickets": [ticket.subject for ticket in client.users.requested(ids[0])],
        "fields": [one.key for one in client.user_fields()],
    }


def refusals(client, _):
    told = []
    for act in (lambda: client.users(id=7), lambda: client.users.update(User(id=7, name="x"))):
        try:
            act()
        except RecordNotFoundException:
            told.append("not found")
    return told


def main():
    url, email, token, act, *ids = sys.argv[1:]
    acts = {"write": write, "read": read, "refusals": refusals}
    try:
        told = acts[act](client_of(url, email, token), [*map(int, ids)])
    except APIException as error:
        told = {"status": error.response.status_code}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
