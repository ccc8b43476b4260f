"""What the conformance suite has to know of a connector."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib import import_module

from connectors.base import Connector, SourceSettings
from connectors.registry import connector_of
from tests.support.scripted_http import Answer, Exchange, Received, replied

SECRET = "a-secret-token-7f3a"


@dataclass(frozen=True, slots=True)
class Example:
    """One object of a CRM, and how that CRM answers for it.

    `reply` makes the CRM's answer to a request for records by id, as parsed JSON: of the ids that
    are asked for, those in `present` exist, each with every asked attribute set to
    `value_of(id)`.  It may answer in any order; `answer`, unless None, is asked in its place, where
    an answer isn't always JSON under 200.  `record_id` makes an id of a number; `token` answers
    requests for tokens, which don't count, and None where a request is for none.  In `options`
    "{url}" is where the CRM answers.

    `credential` is the header that says who we are, and what stands in it; `batch` is how many
    keys one HTTP call asks for, at most; `ping` is the method of its ping.
    """

    object: str
    attributes: frozenset[str]
    reply: Callable[[Received, Collection[str]], object]
    options: Mapping[str, str]
    record_id: Callable[[int], str] = str
    token: Callable[[Received], Answer | None] | None = None
    credential: tuple[str, str] = ("authorization", SECRET)
    batch: int = 25
    ping: str = "GET"
    answer: Callable[[Received, Collection[str]], Answer] | None = None

    def calls(self, keys: int) -> int:
        """How many HTTP calls so many keys cost, 25 at most."""
        return math.ceil(keys / self.batch)


def example_of(name: str) -> Example:
    """The `EXAMPLE` in the tests of the connector `name`."""
    example: Example = import_module(f"tests.connectors.test_{name}").EXAMPLE
    return example


def value_of(record_id: str) -> str:
    """What every attribute of the record `record_id` holds."""
    return f"private value of {record_id}"


def connector_at(name: str, base_url: str) -> Connector:
    """The connector `name`, for its example, at `base_url`."""
    options = {
        option: text.replace("{url}", base_url) for option, text in example_of(name).options.items()
    }
    return connector_of(name)(SourceSettings("crm", base_url, SECRET, options))


def answering(name: str, present: Collection[str]) -> Answer:
    """The CRM of `name` with the records `present`."""
    example = example_of(name)
    if (chosen := example.answer) is None:
        return replied(lambda received: example.reply(received, present))

    async def answer(exchange: Exchange) -> None:
        await chosen(exchange.received, present)(exchange)

    return answer
