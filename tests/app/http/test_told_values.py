"""Nothing that a client sends comes back in a refusal, or gets into the log."""

import asyncio
import json
import logging

import pytest

from tests.flow.attacks import JSON, VIEWER, Attack, asking, many
from tests.support.process import running

CANARY = "Zq7canary"
NUMBER = 4_917_642_007
QUOTED = f'"{CANARY}"'


def _in_documents():
    for name, query in {
        "a field": f"{{ {CANARY} }}",
        "an alias": f"{{ {CANARY}: viewer }}",
        "an argument": f"{{ viewer({CANARY}: 1) {{ subject }} }}",
        "a fragment": f"{{ ...{CANARY} }}",
        "a directive": f"{{ viewer @{CANARY} {{ subject }} }}",
        "a type": f"{{ ... on {CANARY} {{ id }} }}",
        "a variable": f"{{ profile(id: ${CANARY}) {{ id }} }}",
        "an enum value": f"{{ identify(channel: {CANARY}, value: 1) {{ outcome }} }}",
    }.items():
        yield f"{name} of the schema's language", asking(name, query), False
    for name, query in {
        "text for an enum": f"{{ identify(channel: {QUOTED}, value: 1) {{ outcome }} }}",
        "text for a number": f"{{ profiles(first: {QUOTED}) {{ totalCount }} }}",
        "a number for text": f"{{ identify(channel: VOICE, value: {NUMBER}) {{ outcome }} }}",
        "a cursor": f"{{ profiles(after: {QUOTED}) {{ totalCount }} }}",
        "an id": f"{{ profile(id: {QUOTED}) {{ id }} }}",
        "a key": f"{{ profile(id: 1) {{ fields(keys: [{QUOTED}]) {{ key }} }} }}",
        "a phone number": f"{{ identify(channel: VOICE, value: {QUOTED}) {{ outcome }} }}",
        "a comment": f"{{ # {CANARY}\n",
        "a string that doesn't end": f'{{ profile(id: "{CANARY}',
        "a block string": f'{{ profile(id: """{CANARY}""" {{ id }} }}',
        "too many of them": "{ " + many(f"profile(id: {QUOTED}) {{ id }}", 30) + " }",
    }.items():
        yield name, asking(name, query), True


def _in_requests():
    one = "query ($v: Channel!) { identify(channel: $v, value: 1) { outcome } }"
    query = json.dumps(VIEWER).encode()
    for name, attack in {
        "a variable's value": asking("", one, variables={"v": CANARY}),
        "a variable's key": asking("", one, variables={CANARY: 1}),
        "a value inside": asking("", one, variables={"v": {CANARY: [CANARY]}}),
        "an operation's name": asking("", VIEWER, operationName=CANARY),
        "an entry": Attack("", b'{"query": ' + query + b', "Zq7canary": 1}'),
        "an extension": asking("", None, extensions={"persistedQuery": {"sha256Hash": CANARY}}),
        "an id of a document": asking("", None, documentId=CANARY),
        "JSON that is none": Attack("", b'{"query": "Zq7canary'),
        "a content type": Attack("", b"{}", {"content-type": CANARY}),
        "a charset": Attack("", b"{}", {"content-type": f"application/json; charset={CANARY}"}),
        "an encoding": Attack("", b"{}", JSON | {"content-encoding": CANARY}),
        "an accepted type": Attack("", b"{}", JSON | {"accept": f"{CANARY}/a"}),
        "a token": Attack("", b"{}", JSON | {"authorization": f"Bearer {CANARY}"}),
        "a token of three parts": Attack(
            "", b"{}", JSON | {"authorization": f"Bearer {CANARY}.{CANARY}.{CANARY}"}
        ),
        "a scheme": Attack("", b"{}", JSON | {"authorization": f"{CANARY} a"}),
        "a header": Attack("", b"{}", JSON | {"x-header": CANARY}),
        "a host": Attack("", b"{}", JSON | {"host": CANARY}),
        "an origin": Attack("", b"{}", JSON | {"origin": f"https://{CANARY}.example"}),
        "a path": Attack("", b"", {}, "GET", f"/{CANARY}"),
        "a parameter": Attack("", b"", {}, "GET", f"/graphql?{CANARY}={CANARY}"),
        "variables by GET": Attack("", b"", {}, "GET", f"/graphql?query=a&variables={CANARY}"),
        "a document by GET": Attack("", b"", {}, "GET", f"/graphql?query=%22{CANARY}%22"),
        "a method": Attack("", b"{}", JSON, CANARY.upper()),
    }.items():
        yield name, attack, True


HEADS = (
    f"{CANARY}\r\n\r\n",
    f"GET /{CANARY} HTTP/1.1\r\n{CANARY}\r\n\r\n",
    f"POST /graphql HTTP/1.1\r\ncontent-length: {CANARY}\r\n\r\n",
)
UPGRADE = (f"GET /{CANARY} HTTP/1.1\r\nconnection: upgrade\r\nupgrade: {CANARY}\r\n\r\n",)
CASES = [*_in_documents(), *_in_requests()]


@pytest.mark.parametrize(
    ("attack", "is_value"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
async def test_what_was_sent_is_not_told(gateway, tenant, caplog, attack, is_value):
    caplog.set_level(logging.DEBUG)
    token = gateway.as_role("service", tenant=tenant).token

    response = await gateway.client.request(
        attack.method,
        attack.target,
        content=attack.content,
        headers={"authorization": f"Bearer {token}", **attack.headers},
    )

    logged = " ".join(
        record.getMessage() for record in caplog.records if record.name.startswith("gateway")
    )
    told = f"{response.text} {response.headers}" if is_value else ""
    assert CANARY.lower() not in f"{told} {logged}".lower()
    assert str(NUMBER) not in f"{told} {logged}"
    codes = [error["extensions"]["code"] for error in _errors(response)]
    assert set(codes) <= {"BAD_INPUT", "QUERY_TOO_COMPLEX", "UNAUTHENTICATED", "NOT_FOUND"}


async def test_a_gateway_says_nothing_of_it_on_its_standard_error(
    tmp_path, document_server, tenant
):
    store = {"STORE__URI": document_server.uri, "STORE__DATABASE": tenant}
    async with running("serve", "--port", "0", folder=tmp_path, **store) as process:
        said = await process.says("listening at ")
        host, port = said.rpartition("http://")[2].split("/")[0].split(":")
        for sent in (*HEADS, *UPGRADE):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(sent.encode())
            writer.write_eof()
            answered = await asyncio.wait_for(reader.read(), 15)
            writer.close()
            assert CANARY not in answered.decode()
        process.process.terminate()
        out, err = await asyncio.wait_for(process.process.communicate(), 20)

    assert CANARY not in out.decode() + err.decode()


def _errors(response):
    if "json" not in response.headers.get("content-type", ""):
        return []
    return response.json().get("errors", [])
