"""What errors of root keys tell, and what they must not."""

import base64
import traceback
from collections.abc import Awaitable

import pytest

from app.keys import KeyTrouble
from tests.support.scripted_http import BODY_MARK
from tests.support.transit import ROOT_TOKEN

TENANT_KEY = bytes(range(32))
# Nothing of these may be told by an error or a log.
SECRETS = (ROOT_TOKEN, base64.b64encode(TENANT_KEY).decode(), BODY_MARK)


async def told(trouble: type[KeyTrouble], awaitable: Awaitable[object]) -> str:
    """What the error says; neither it nor its traceback holds a secret."""
    with pytest.raises(trouble) as caught:
        await awaitable
    whole = "".join(traceback.format_exception(caught.value))
    assert [secret for secret in SECRETS if secret in whole] == []
    return str(caught.value)
