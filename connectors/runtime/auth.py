"""Who we are, to a source."""

from collections.abc import Mapping
from typing import Protocol

from connectors.base import Call


class Auth(Protocol):
    """What is sent along with every request to say who we are."""

    async def headers(self, call: Call) -> Mapping[str, str]:
        """The headers; may ask somebody for a token, within the call's budget.

        Raises:
            SourceError: there is no token to be had.
        """

    def renew(self) -> bool:
        """Take it that what was sent was refused; whether other headers can be had now."""
