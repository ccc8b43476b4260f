"""What the conformance suite has to know of a connector."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib import import_module

from connectors.base import Connector, SourceSettings
from connectors.registry import connector_of
from tests.support.scripted_http import Answer, Received, replied

SECRET = "a-secret-token-7f3a"


@dataclass(frozen=True, slots=True)
class Example:
    """One object of a CRM, and how that CRM answers for it.

    `reply` makes the CRM's answer to a request for records by id, as parsed JSON: of the ids that
    are asked for, those in `present` exist, each with every asked attribute set to
    `value_of(id)`.  It may answer in any order.  `record_id` makes an id of a number; `token`
    answers requests for tokens, which don't count, and None where a request is for none.  In
    `options` "{url}" is where the CRM answers.
    """

    object: str
    attributes: frozenset[str]
    reply: Callable[[Received, Collection[str]], object]
    options: Mapping[str, str]
    record_id: Callable[[int], str] = str
    token: Callable[[Received], Answer | None] | None = None


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
    reply = example_of(name).reply
    return replied(lambda received: reply(received, present))
