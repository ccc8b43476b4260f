from typing import Protocol

from graph.model.custom_field import Facets
from graph.model.filter import Operator


class Kind(Protocol):
    """One kind of custom field.  Values are never None here, and single: lists are of values.

    `scalar` names the GraphQL type of a value as it is read, `example` is a valid value as clients
    send it, `operators` are what a searchable field of the kind can be found by, and `facets` are
    the names of `Facets` that may narrow it.  `is_list`: a field of the kind always holds several.
    Parsing raises `ValueError` with a sentence that doesn't hold the value, and no other error.
    """

    name: str
    scalar: str
    example: object
    operators: tuple[Operator, ...]
    facets: frozenset[str]
    is_list: bool

    def parse(self, value: object, facets: Facets) -> object:
        """The value a client sent (JSON types), checked and normalised.

        Parsing what was parsed gives the same again.
        """

    def from_source(self, value: object, facets: Facets) -> object:
        """The value a CRM or a file gave, which may be text where we hold something better."""

    def dump(self, value: object) -> object:
        """The value as the store keeps it: text, number, flag, `Decimal`, instant, or a mapping."""

    def load(self, stored: object) -> object:
        """The value back from the store."""

    def key(self, value: object) -> str:
        """The value as text that sorts as the values do, and is equal where they count as equal.

        It holds no control character.
        """
