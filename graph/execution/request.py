from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """A GraphQL request as its transport understood it.  `purpose` is what it says it is for."""

    query: str = field(repr=False)
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    is_read_only: bool = False
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The response map, and what a transport needs to choose a status.

    `is_request_error`: nothing was executed, so the response has no `data` entry.  `code` is
    the error code of a request error.  `is_misplaced`: the request came by a way that only reads.
    """

    body: dict[str, Any] = field(repr=False)
    is_request_error: bool = False
    code: str | None = None
    is_misplaced: bool = False
