"""Documents by their hash: trusted ones, and those that clients register."""

import hashlib
import json

import pytest
from pydantic import ValidationError

from app.configuration import WrongSettings
from app.http.body import Asked
from app.http.persisted import PersistedDocuments, read_trusted
from app.http.settings import HttpSettings
from tests.support.gateway import running_gateway
from tests.support.listening import listening
from tests.support.sockets import socket_to

VIEWER = "{ viewer { tenant } }"
OTHER = "{ viewer { subject } }"
WRITE = 'mutation { addLabel(input: {profileId: "1", name: "a"}) { __typename } }'
JSON = "application/json"
GRAPHQL = "application/graphql-response+json"


def hash_of(text):
    return hashlib.sha256(text.encode()).hexdigest()


def apollo(text):
    return {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}


@pytest.fixture
def trusted(tmp_path):
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({hash_of(text): text for text in (VIEWER, WRITE)}), "utf-8")
    return path


@pytest.fixture
def opened(document_server, tmp_path, tenant):
    """A gateway with settings of HTTP, and an agent's way to ask it."""

    def gateway(**http):
        return running_gateway(
            document_server.uri, tmp_path / "keys", database=tenant, http=HttpSettings(**http)
        )

    return gateway


async def sent(running, tenant, accept=JSON, method="POST", **request):
    token = running.as_role("agent", tenant=tenant).token
    headers = {"authorization": f"Bearer {token}", "accept": accept}
    if method == "GET":
        return await running.client.get("/graphql", params=request, headers=headers)
    return await running.client.post("/graphql", json=request, headers=headers)


def told(response):
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "BAD_INPUT"}
    return error["message"]


async def test_a_trusted_document_is_asked_by_its_hash(opened, trusted, tenant):
    async with opened(trusted_documents="prefer", trusted_documents_path=trusted) as gateway:
        answers = [
            await sent(gateway, tenant, **request)
            for request in (
                {"documentId": f"sha256:{hash_of(VIEWER)}"},
                {"id": f"sha256:{hash_of(VIEWER)}"},
                {"extensions": apollo(VIEWER)},
                {"query": VIEWER, "extensions": apollo(VIEWER)},
                {"query": VIEWER},
            )
        ]
        by_get = await sent(gateway, tenant, method="GET", documentId=f"sha256:{hash_of(VIEWER)}")
        other = await sent(gateway, tenant, query=OTHER)
        unknown = await sent(gateway, tenant, GRAPHQL, documentId=f"sha256:{hash_of(OTHER)}")
        written = await sent(gateway, tenant, method="GET", documentId=f"sha256:{hash_of(WRITE)}")

    expected = {"data": {"viewer": {"tenant": tenant}}}
    assert [answer.json() for answer in (*answers, by_get)] == [expected] * 6
    assert other.json() == {"data": {"viewer": {"subject": "tester"}}}
    assert (unknown.status_code, told(unknown)) == (400, "No document has this hash.")
    assert written.status_code == 405


async def test_where_they_are_required_nothing_else_is_answered(opened, trusted, tenant):
    async with opened(trusted_documents="required", trusted_documents_path=trusted) as gateway:
        good = [
            await sent(gateway, tenant, documentId=f"sha256:{hash_of(VIEWER)}"),
            await sent(gateway, tenant, query=VIEWER),
        ]
        refused = [
            await sent(gateway, tenant, GRAPHQL, query=OTHER),
            await sent(gateway, tenant, GRAPHQL, query="{ __schema { types { name } } }"),
            await sent(gateway, tenant, GRAPHQL, query=OTHER, extensions=apollo(OTHER)),
            await sent(gateway, tenant, GRAPHQL, method="GET", query=OTHER),
        ]
        unknown = await sent(gateway, tenant, extensions=apollo(OTHER))

    assert [answer.json()["data"] for answer in good] == [{"viewer": {"tenant": tenant}}] * 2
    assert [(answer.status_code, told(answer)) for answer in refused] == [
        (400, "Only trusted documents are answered here.")
    ] * 4
    assert told(unknown) == "PersistedQueryNotFound"


async def test_over_a_socket_nothing_else_is_answered_either(opened, trusted, tenant):
    http = {"trusted_documents": "required", "trusted_documents_path": trusted}
    async with (
        opened(**http) as gateway,
        listening(gateway.gateway) as place,
        socket_to(place) as socket,
    ):
        await socket.sign_in(gateway.as_role("agent", tenant=tenant).token)
        refused = await socket.ask(OTHER, "a")
        await socket.say(
            {
                "id": "b",
                "type": "subscribe",
                "payload": {"documentId": f"sha256:{hash_of(VIEWER)}"},
            }
        )
        answered = await socket.hear()

    assert refused["type"] == "error"
    assert refused["payload"][0]["message"] == "Only trusted documents are answered here."
    assert answered["payload"] == {"data": {"viewer": {"tenant": tenant}}}


async def test_where_they_are_off_nobody_is_promised_anything(opened, tenant):
    async with opened() as gateway:
        by_id = await sent(gateway, tenant, documentId=f"sha256:{hash_of(VIEWER)}")
        by_apollo = await sent(gateway, tenant, extensions=apollo(VIEWER))
        with_both = await sent(gateway, tenant, query=VIEWER, extensions=apollo(VIEWER))

    assert told(by_id) == "No document has this hash."
    # Apollo's clients stop to send hashes when they hear this.
    assert (by_apollo.status_code, told(by_apollo)) == (200, "PersistedQueryNotSupported")
    assert with_both.json() == {"data": {"viewer": {"tenant": tenant}}}


async def test_a_client_registers_a_document_and_asks_by_its_hash_from_then_on(opened, tenant):
    async with opened(automatic_persisted_queries=True) as gateway:
        first = await sent(gateway, tenant, extensions=apollo(VIEWER))
        second = await sent(gateway, tenant, query=VIEWER, extensions=apollo(VIEWER))
        third = await sent(gateway, tenant, extensions=apollo(VIEWER))
        others = await sent(gateway, "another", extensions=apollo(VIEWER))

    assert (first.status_code, told(first)) == (200, "PersistedQueryNotFound")
    assert second.json() == third.json() == {"data": {"viewer": {"tenant": tenant}}}
    assert told(others) == "PersistedQueryNotFound"


@pytest.mark.parametrize("mode", ["off", "automatic"])
async def test_a_hash_of_something_else_registers_nothing(opened, tenant, mode):
    async with opened(automatic_persisted_queries=mode == "automatic") as gateway:
        refused = await sent(gateway, tenant, GRAPHQL, query=OTHER, extensions=apollo(VIEWER))
        later = await sent(gateway, tenant, extensions=apollo(VIEWER))

    assert (refused.status_code, told(refused)) == (400, "The hash is not that of the document.")
    assert "errors" in later.json()


@pytest.mark.parametrize(
    "request_",
    [
        {"documentId": hash_of(VIEWER)},
        {"documentId": f"md5:{hash_of(VIEWER)}"},
        {"documentId": f"sha256:{hash_of(VIEWER).upper()}"},
        {"documentId": f"sha256:{hash_of(VIEWER)}0"},
        {"documentId": 7},
        {"id": ["sha256:"]},
        {"extensions": {"persistedQuery": {}}},
        {"extensions": {"persistedQuery": {"sha256Hash": ["a"]}}},
        {"extensions": {"persistedQuery": []}},
        {"extensions": {}},
    ],
)
async def test_what_is_no_hash_is_refused(gateway, tenant, request_):
    response = await sent(gateway, tenant, GRAPHQL, **request_)

    assert response.status_code == 400
    assert told(response)


def test_registered_documents_are_few_and_short():
    documents = PersistedDocuments(HttpSettings(automatic_persisted_queries=True))
    for number in range(60):
        text = f"# {number} {'.' * 29_000}"
        documents.request(Asked(text, hash_of(text), is_automatic=True), "t")
    long = "#" * 30_001
    documents.request(Asked(long, hash_of(long), is_automatic=True), "t")
    kept = documents._registered["t"]

    assert kept._characters == sum(map(len, kept._texts.values())) <= 1_000_000
    assert len(kept._texts) == 34
    assert hash_of(long) not in kept._texts


def test_documents_are_read_from_a_directory(tmp_path):
    (tmp_path / "a.graphql").write_text(f"{VIEWER}\n", "utf-8")
    (tmp_path / "b.json").write_text(json.dumps({f"sha256:{hash_of(OTHER)}": OTHER}), "utf-8")
    (tmp_path / "notes.txt").write_text("nothing", "utf-8")

    found = read_trusted(tmp_path)

    assert found == {hash_of(text): text for text in (VIEWER, f"{VIEWER}\n", OTHER)}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not JSON"),
        ("[]", "must be an object"),
        ("{}", "holds no documents"),
        (json.dumps({"a": VIEWER}), "not the SHA-256"),
        (json.dumps({hash_of(VIEWER): OTHER}), "not the SHA-256"),
        (json.dumps({hash_of(VIEWER): 7}), "not the SHA-256"),
    ],
)
def test_a_file_that_is_wrong_refuses_the_start(tmp_path, content, says):
    path = tmp_path / "documents.json"
    path.write_text(content, "utf-8")

    with pytest.raises(WrongSettings, match=says):
        PersistedDocuments(HttpSettings(trusted_documents="prefer", trusted_documents_path=path))
    with pytest.raises(WrongSettings, match="can't be read"):
        read_trusted(tmp_path / "nothing.json")


def test_settings_that_contradict_each_other_are_refused(trusted):
    with pytest.raises(ValidationError, match="needs trusted_documents_path"):
        HttpSettings(trusted_documents="required")
    with pytest.raises(ValidationError, match="would register untrusted"):
        HttpSettings(
            trusted_documents="required",
            trusted_documents_path=trusted,
            automatic_persisted_queries=True,
        )
