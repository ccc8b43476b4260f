"""PEM files of certificates and keys: loaded into TLS contexts, or refused in a sentence.

Messages name the setting and the file; never what is in it.
"""

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.configuration import WrongSettings


@dataclass(frozen=True, slots=True)
class PemFile:
    """A PEM file, and the dotted name of the setting that names it."""

    setting: str
    path: Path

    def content(self) -> bytes:
        """What is in it.

        Raises:
            WrongSettings: it can't be read.
        """
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise self.refused(f"can't be read: {error.strerror}") from None

    def refused(self, why: str) -> WrongSettings:
        """What to raise: the file `why`."""
        return WrongSettings(f"{self.setting}: {self.path} {why}.")


def load_pair(context: ssl.SSLContext, certificate: PemFile, key: PemFile) -> None:
    """Make `context` present the chain in `certificate`, proved with `key`.

    A context that was refused a pair presents nothing any more, not even what it had before.

    Raises:
        WrongSettings: a file can't be read or used, or the key is another certificate's.
    """
    certificate.content()
    secret = key.content()
    try:
        # With an empty password given, OpenSSL doesn't ask the terminal for one.
        context.load_cert_chain(certificate.path, key.path, password="")
    except OSError as error:
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            raise key.refused(f"isn't the key of the certificate in {certificate.path}") from None
        if not _is_key(secret):
            raise key.refused("holds no PEM private key, or one with a password") from None
        raise certificate.refused("holds no certificates that can be used, as PEM") from None


def load_authorities(context: ssl.SSLContext, file: PemFile) -> None:
    """Make `context` trust the CAs in `file`, beside those that it trusts already.

    Raises:
        WrongSettings: the file can't be read, or holds no certificates.
    """
    file.content()
    try:
        context.load_verify_locations(cafile=file.path)
    except OSError:
        raise file.refused("holds no certificates that can be used, as PEM") from None


def check_pair(certificate: PemFile, key: PemFile) -> None:
    """Return when `load_pair` would; raises what it raises."""
    load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certificate, key)


def check_authorities(file: PemFile) -> None:
    """Return when `load_authorities` would; raises what it raises."""
    load_authorities(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), file)


def expires_at(file: PemFile) -> datetime:
    """When the first of the certificates in `file` to end does, UTC.

    Raises:
        WrongSettings: the file can't be read, or holds no certificates.
    """
    try:
        chain = x509.load_pem_x509_certificates(file.content())
    except ValueError:
        raise file.refused("holds no certificates that can be used, as PEM") from None
    return min(certificate.not_valid_after_utc for certificate in chain)


def _is_key(content: bytes) -> bool:
    try:
        load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True
