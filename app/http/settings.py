"""How the gateway listens, and what it takes from whoever connects."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from app.http.socket_settings import SocketSettings
from app.setting_types import HeaderName, Network, PemPath, Section
from graph.execution.limits import Limits

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:.]+\](:[0-9]{1,5})?")
_MOST = 1_000_000


def _origin(text: str) -> str:
    if not _ORIGIN.fullmatch(text):
        raise ValueError("must be an origin such as https://desk.example.com, exactly")
    return text


Origin = Annotated[str, AfterValidator(_origin)]
Limit = Annotated[int, Field(ge=1, le=_MOST)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class TlsSettings(Section):
    """The gateway's own certificate."""

    certificate: PemPath | None = Field(
        None,
        description="PEM file of our certificate, then of those between it and its CA. Unset:"
        " plain HTTP.",
    )
    key: PemPath | None = Field(None, description="PEM file of its private key, without password.")
    client_ca: PemPath | None = Field(
        None,
        description="PEM file of CAs; set, every client must show a certificate of one of them.",
    )

    @model_validator(mode="after")
    def _check_whole(self) -> "TlsSettings":
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        if self.client_ca is not None and self.certificate is None:
            raise ValueError("client_ca needs certificate and key")
        return self


_D = Limits()


class CostSettings(Section):
    """What one request may ask for."""

    characters: Limit = Field(_D.characters, description="Longest document, characters.")
    tokens: Limit = Field(_D.tokens, description="Tokens of a document.")
    depth: Limit = Field(_D.depth, description="Fields in each other, fragments expanded.")
    selections: Limit = Field(_D.selections, description="Selections of a document as written.")
    width: Limit = Field(_D.width, description="Selections in one pair of braces.")
    aliases: Limit = Field(_D.aliases, description="Aliases of a document.")
    directives: Limit = Field(_D.directives, description="Directives of a document.")
    root_fields: Limit = Field(_D.root_fields, description="Root fields, fragments expanded.")
    nodes: Limit = Field(
        _D.nodes,
        description="Selections to answer, fragments expanded, each list as long as it was asked.",
    )
    introspection: Limit = Field(
        _D.introspection,
        description="The same for what asks of the schema; a usual tool's query has about 2,000.",
    )
    comparisons: Limit = Field(
        _D.comparisons, description="Pairs of fields that are answered at the same place."
    )
    values: Limit = Field(_D.values, description="Values in a request's variables.")
    value_depth: Limit = Field(_D.value_depth, description="Values in each other.")
    objects: Limit = Field(_D.objects, description="Objects in an answer.")


class HttpSettings(Section):
    """How the gateway listens."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    tls: TlsSettings = TlsSettings()
    behind_proxy: bool = Field(
        default=False,
        description="TLS ends at a proxy on the way: production listens without TLS to others.",
    )
    trusted_proxies: tuple[Network, ...] = Field(
        (),
        description="Networks (CIDR) of our own proxies: their word counts on the client's address"
        " (`X-Forwarded-For`) and certificate.",
    )
    client_certificate_header: HeaderName | None = Field(
        None,
        description="Header in which a trusted proxy passes on the client's certificate: PEM in URL"
        " encoding, or as RFC 9440 has it.",
    )
    max_body_bytes: int = Field(100_000, gt=0, description="Largest request body, bytes.")
    max_webhook_bytes: int = Field(1_000_000, gt=0, description="Largest webhook body, bytes.")
    max_response_bytes: int = Field(2_000_000, gt=0, description="Largest answer, bytes.")
    get_queries: bool = Field(
        default=True, description="Answer queries (never mutations) sent by GET."
    )
    origins: tuple[Origin, ...] = Field(
        (),
        description="Origins of web pages that may ask and connect, letter by letter; none unless"
        " named.",
    )
    trusted_documents: Literal["off", "prefer", "required"] = Field(
        "off",
        description="Documents by their ids: `prefer` knows them, `required` takes no others.",
    )
    trusted_documents_path: Path | None = Field(
        None,
        description="A JSON file of texts by their SHA-256, or a directory of such files and of"
        " `.graphql` files.",
    )
    automatic_persisted_queries: bool = Field(
        default=False, description="Keep documents that clients register by their hash (Apollo)."
    )
    deadline_s: Seconds = Field(
        Limits().deadline_s, description="Longest time to execute one request, seconds."
    )
    header_timeout_s: Seconds = Field(
        10.0, description="Longest wait for the head of a request, TLS included, seconds."
    )
    body_timeout_s: Seconds = Field(
        10.0, description="Longest wait for the rest of a body, seconds."
    )
    write_timeout_s: Seconds = Field(
        30.0, description="Longest wait for a client to read an answer, seconds."
    )
    keep_alive_s: int = Field(
        30, ge=1, le=3600, description="Longest wait for the next request of a connection, seconds."
    )
    max_connections: Limit = Field(
        1_000, description="Connections at once; more are told to come back."
    )
    max_connections_per_address: Limit = Field(
        500,
        description="Connections at once of one address; behind a proxy all are the proxy's.",
    )
    limits: CostSettings = CostSettings()
    socket: SocketSettings = SocketSettings()

    @model_validator(mode="after")
    def _check_documents(self) -> "HttpSettings":
        if self.trusted_documents != "off" and self.trusted_documents_path is None:
            raise ValueError("trusted_documents needs trusted_documents_path")
        if self.trusted_documents == "required" and self.automatic_persisted_queries:
            raise ValueError("automatic_persisted_queries would register untrusted documents")
        return self

    def request_limits(self) -> Limits:
        """The limits as the graph takes them."""
        return Limits(**self.limits.model_dump(), deadline_s=self.deadline_s)
