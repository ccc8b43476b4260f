from collections.abc import Sequence
from typing import Protocol


class Kind(Protocol):
    """One kind of custom field.  Values are None, or of `python_type`.

    `scalar` names the GraphQL scalar of the value; `example` is a valid value as clients send
    it.  Parsing raises `ValueError` with a sentence that doesn't hold the value.
    """

    name: str
    scalar: str
    example: object

    def parse(self, value: object, choices: Sequence[str]) -> object:
        """The value a client sent (JSON types), checked and normalised."""

    def from_source(self, value: object, choices: Sequence[str]) -> object:
        """The value a CRM gave, which may be text where we hold something better."""

    def dump(self, value: object) -> object:
        """The value as the store keeps it: text, number or flag."""

    def load(self, stored: object) -> object:
        """The value back from the store."""
