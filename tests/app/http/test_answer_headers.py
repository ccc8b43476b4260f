"""What every answer tells browsers, and which web pages may ask."""

import pytest
from pydantic import ValidationError

from app.http.headers import middleware
from app.http.settings import HttpSettings, TlsSettings
from tests.support.gateway import running_gateway

DESK = "https://desk.example.com"
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}
VIEWER = {"query": "{ viewer { tenant } }"}


@pytest.fixture
async def opened(document_server, tmp_path, tenant):
    http = HttpSettings(origins=(DESK,), behind_proxy=True)
    async with running_gateway(
        document_server.uri, tmp_path / "keys", database=tenant, http=http
    ) as gateway:
        yield gateway


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/graphql", 401),
        ("GET", "/livez", 200),
        ("GET", "/readyz", 200),
        ("GET", "/nothing", 404),
        ("DELETE", "/graphql", 405),
    ],
)
async def test_every_answer_is_kept_by_nobody_and_is_what_it_says(gateway, method, path, status):
    response = await gateway.client.request(method, path)

    assert response.status_code == status
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in response.headers
    assert "set-cookie" not in response.headers


async def test_an_answer_has_them_too(gateway, opened, tenant):
    plain = await gateway.as_role("agent", tenant=tenant).post(VIEWER["query"])
    behind_tls = await opened.as_role("agent", tenant=tenant).post(VIEWER["query"])

    assert plain.headers["cache-control"] == behind_tls.headers["cache-control"] == "no-store"
    assert behind_tls.headers["strict-transport-security"] == "max-age=31536000"


async def test_no_web_page_may_ask_unless_its_origin_is_named(gateway, tenant):
    headers = {"origin": DESK, "authorization": f"Bearer {_token(gateway, tenant)}"}

    preflight = await gateway.client.options("/graphql", headers={"origin": DESK, **PREFLIGHT})
    answer = await gateway.client.post("/graphql", json=VIEWER, headers=headers)

    assert preflight.status_code == 405
    assert not _cors(preflight) | _cors(answer)


async def test_a_page_of_a_named_origin_may_ask_with_a_token_and_without_cookies(opened, tenant):
    headers = {"origin": DESK, "authorization": f"Bearer {_token(opened, tenant)}"}

    preflight = await opened.client.options("/graphql", headers={"origin": DESK, **PREFLIGHT})
    answer = await opened.client.post("/graphql", json=VIEWER, headers=headers)
    refused = await opened.client.post("/graphql", json=VIEWER, headers={"origin": DESK})

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == DESK
    assert preflight.headers["access-control-allow-methods"] == "GET, POST"
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    assert preflight.headers["cache-control"] == "no-store"
    assert [one.headers["access-control-allow-origin"] for one in (answer, refused)] == [DESK] * 2
    assert [one.headers["vary"].split(",")[0] for one in (preflight, answer)] == ["Origin"] * 2
    assert "access-control-allow-credentials" not in {**preflight.headers, **answer.headers}


@pytest.mark.parametrize(
    "origin",
    [
        *("null", "*", "https://desk.example.com.evil.example", "http://desk.example.com"),
        *("https://DESK.example.com.", "https://desk.example.com:444", "https://evil.example"),
        *("https://sub.desk.example.com", "https://desk.example.com/", ""),
    ],
)
async def test_no_other_page_may_ask(opened, tenant, origin):
    headers = {"origin": origin, "authorization": f"Bearer {_token(opened, tenant)}"}

    preflight = await opened.client.options("/graphql", headers={"origin": origin, **PREFLIGHT})
    answer = await opened.client.post("/graphql", json=VIEWER, headers=headers)

    assert preflight.status_code in {400, 405}
    assert "access-control-allow-origin" not in {**preflight.headers, **answer.headers}


@pytest.mark.parametrize(
    "origin",
    [
        *("*", "https://*.example.com", "desk.example.com", "https://desk.example.com/", "null"),
        *("https://user@desk.example.com", "https://desk.example.com/a", "ftp://desk.example.com"),
    ],
)
def test_an_origin_is_named_exactly(origin):
    with pytest.raises(ValidationError, match="must be an origin"):
        HttpSettings(origins=(origin,))


def test_tls_of_ones_own_is_told_too():
    tls = TlsSettings(certificate="a.pem", key="b.pem")

    assert middleware(HttpSettings(tls=tls))[0].kwargs == {"has_tls": True}
    assert middleware(HttpSettings())[0].kwargs == {"has_tls": False}


def _token(gateway, tenant):
    return gateway.as_role("agent", tenant=tenant).token


def _cors(response):
    return {name for name in response.headers if name.startswith("access-control")}
