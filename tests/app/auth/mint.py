"""Tokens of every kind, honest and forged, made without the library that checks them."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ABSENT = object()


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def base64url_number(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + 7) // 8))


@dataclass(frozen=True)
class Signer:
    kid: str
    alg: str
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32) + s.to_bytes(32)
        if isinstance(self.key, rsa.RSAPrivateKey):
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            scheme = pss if self.alg == "PS256" else padding.PKCS1v15()
            return self.key.sign(message, scheme, hashes.SHA256())
        return self.key.sign(message)

    @property
    def jwk(self) -> dict[str, Any]:
        return {"kid": self.kid, "use": "sig", "alg": self.alg} | self._public_numbers()

    def _public_numbers(self) -> dict[str, Any]:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            numbers = self.key.public_key().public_numbers()
            x, y = base64url(numbers.x.to_bytes(32)), base64url(numbers.y.to_bytes(32))
            return {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        if isinstance(self.key, rsa.RSAPrivateKey):
            numbers = self.key.public_key().public_numbers()
            return {
                "kty": "RSA",
                "n": base64url_number(numbers.n),
                "e": base64url_number(numbers.e),
            }
        x = base64url(self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
        return {"kty": "OKP", "crv": "Ed25519", "x": x}

    @property
    def pem(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def an_elliptic_signer(kid: str = "elliptic") -> Signer:
    return Signer(kid, "ES256", ec.generate_private_key(ec.SECP256R1()))


def an_rsa_signer(kid: str = "rsa", alg: str = "RS256", bits: int = 2048) -> Signer:
    return Signer(kid, alg, rsa.generate_private_key(65537, bits))


def an_edwards_signer(kid: str = "edwards", alg: str = "Ed25519") -> Signer:
    return Signer(kid, alg, ed25519.Ed25519PrivateKey.generate())


@dataclass(frozen=True)
class Mint:
    """Makes tokens of one issuer.  `now` is the instant they are issued, seconds since 1970."""

    issuer: str
    now: float
    signer: Signer

    def header(self, **changes: object) -> dict[str, Any]:
        usual = {"alg": self.signer.alg, "typ": "at+jwt", "kid": self.signer.kid}
        return without_absent(usual | changes)

    def claims(self, **changes: object) -> dict[str, Any]:
        usual = {
            "iss": self.issuer,
            "aud": "profile-gateway",
            "sub": "agent-7",
            "iat": int(self.now),
            "exp": int(self.now) + 600,
            "tenant": "acme",
            "roles": ["agent"],
        }
        return without_absent(usual | changes)

    def token(self, signer: Signer | None = None, header: object = None, **claims: object) -> str:
        """A token that is right but for what is given; a claim that is ABSENT is left out."""
        chosen = signer or self.signer
        usual = self.header(alg=chosen.alg, kid=chosen.kid)
        return signed(usual if header is None else header, self.claims(**claims), chosen)

    def bearer(self, signer: Signer | None = None, header: object = None, **claims: object) -> str:
        return "Bearer " + self.token(signer, header, **claims)


def without_absent(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not ABSENT}


def part(content: object) -> str:
    """One part of a token; bytes and text stand as they are, all else becomes JSON."""
    if isinstance(content, str):
        content = content.encode()
    return base64url(content if isinstance(content, bytes) else json.dumps(content).encode())


def signed(header: object, claims: object, signer: Signer) -> str:
    message = f"{part(header)}.{part(claims)}"
    return f"{message}.{base64url(signer.sign(message.encode()))}"


def signed_with_secret(header: object, claims: object, secret: bytes) -> str:
    message = f"{part(header)}.{part(claims)}"
    return f"{message}.{base64url(hmac.digest(secret, message.encode(), hashlib.sha256))}"
