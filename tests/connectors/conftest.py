import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.runtime.addresses import LOOPBACK
from connectors.runtime.client import source_client
from tests.support.scripted_http import scripted_server


@pytest.fixture(scope="session")
async def crm():
    async with scripted_server() as server:
        yield server


@pytest.fixture(scope="session")
async def http():
    async with source_client(LOOPBACK) as client:
        yield client


@pytest.fixture(scope="session")
def rsa_key():
    """An RSA private key, as PEM."""
    return _rsa_key()


@pytest.fixture(scope="session")
def other_rsa_key():
    """Another one."""
    return _rsa_key()


def _rsa_key():
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
