"""Settings of the cache that gateways share."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from app.setting_types import PemPath, SecretReference, Section


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or parts.password:
        raise ValueError(
            "must be redis://host:port/number, or rediss:// for TLS; a password goes into"
            " cache.password"
        )
    if not (parts.path.strip("/") or "0").isdecimal():
        raise ValueError("must end with the number of a database, such as /0, if with anything")
    return text


class CacheSettings(Section):
    """The cache that gateways share: what CRMs said, sealed."""

    uri: Annotated[str, AfterValidator(_address)] | None = Field(
        None,
        description="Redis or Valkey, `redis://host:port/number` or `rediss://` for TLS; unset:"
        " each gateway remembers for itself alone.",
    )
    password: SecretReference | None = Field(None, description="Its password, by reference.")
    tls_ca: PemPath | None = Field(
        None, description="PEM file of the CAs that its certificate is checked with."
    )
    deadline_s: float = Field(
        0.05,
        gt=0,
        le=5,
        description="Longest wait for it, seconds; after one in vain it is left alone for a while.",
    )
