"""Certificates of CAs that exist for one test, and clients that look at what they are shown."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey

    @property
    def chain(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key(self) -> bytes:
        """The private key as PEM."""
        return self._key(NoEncryption())

    def locked_key(self, password: bytes) -> bytes:
        """The private key as PEM that wants a password."""
        return self._key(BestAvailableEncryption(password))

    @property
    def serial(self) -> int:
        """What tells this certificate from others."""
        return self.certificate.serial_number

    def _key(self, encryption: KeySerializationEncryption) -> bytes:
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


class Authority:
    """A CA; `pem` is its own certificate."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        own = self._begun(self._name, self._key, timedelta(days=90))
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.pem = self._signed(own.add_extension(usage, critical=True)).public_bytes(Encoding.PEM)

    def issue(self, name: str, *, lasting: timedelta = timedelta(days=30)) -> Pair:
        """A certificate for this machine, in `name`; it began two days ago or before its end."""
        key = ec.generate_private_key(ec.SECP256R1())
        places = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        begun = self._begun(_named(name), key, lasting).add_extension(
            x509.SubjectAlternativeName(places), critical=False
        )
        return Pair(self._signed(begun), key)

    def _begun(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, lasting: timedelta
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder(subject_name=subject, issuer_name=self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + min(lasting, timedelta()) - timedelta(days=2))
            .not_valid_after(now + lasting)
            .add_extension(own, critical=False)
            .add_extension(issuer, critical=False)
        )

    def _signed(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        return builder.sign(self._key, SHA256())


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where a gateway's certificate and key are, under `folder`."""

    folder: Path

    @property
    def certificate(self) -> Path:
        """The chain."""
        return self.folder / "gateway.pem"

    @property
    def key(self) -> Path:
        """The private key."""
        return self.folder / "gateway.key"

    def hold(self, pair: Pair) -> None:
        """Write both files."""
        self.certificate.write_bytes(pair.chain)
        self.key.write_bytes(pair.key)

    @property
    def variables(self) -> dict[str, str]:
        """The settings that name them, without `GATEWAY_`."""
        return {
            "HTTP__TLS__CERTIFICATE": str(self.certificate),
            "HTTP__TLS__KEY": str(self.key),
        }


def client_context(folder: Path, authority: Authority, shown: Pair | None = None) -> ssl.SSLContext:
    """A client that trusts `authority` alone, and shows a certificate where it has one."""
    context = ssl.create_default_context(cadata=authority.pem.decode())
    if shown is not None:
        file = folder / f"client-{shown.serial}.pem"
        file.write_bytes(shown.chain + shown.key)
        context.load_cert_chain(file)
    return context


class Connection:
    """One open TLS connection to a gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, url: str, context: ssl.SSLContext) -> "Connection":
        """Connect to the host and port of `url`."""
        parts = urlsplit(url)
        return cls(*await asyncio.open_connection(parts.hostname, parts.port, ssl=context))

    @property
    def tls(self) -> ssl.SSLObject:
        """What was agreed on, and with whom."""
        found: Any = self._writer.get_extra_info("ssl_object")
        return found

    @property
    def serial(self) -> int:
        """Which certificate was presented."""
        return _serial(self.tls)

    async def status(self, path: str = "/livez") -> int:
        """The status of the answer to one GET; the connection stays open."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next(line for line in head.splitlines() if line.startswith("content-length:"))
        await self._reader.readexactly(int(length.partition(":")[2]))
        return int(head.split()[1])

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        await self._writer.wait_closed()


async def presented_serial(url: str, context: ssl.SSLContext) -> int:
    """Which certificate a new connection to `url` is shown."""
    connection = await Connection.to(url, context)
    try:
        return connection.serial
    finally:
        await connection.close()


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> int:
    """Which certificate is presented in a handshake without a network.

    Raises:
        ssl.SSLError: one side refuses the other, with its own reason.
    """
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (asking, answering) * 3:
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    return _serial(asking)


def _serial(connected: ssl.SSLObject) -> int:
    presented = connected.getpeercert(binary_form=True)
    assert presented is not None
    return x509.load_der_x509_certificate(presented).serial_number


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
