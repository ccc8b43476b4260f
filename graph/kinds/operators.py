"""What searchable fields can be found by, for the families of kinds."""

from typing import Final

from graph.model.filter import Operator

# The annotations are spelt out, as `Kind.operators` is a tuple of any length.
EXACT: Final[tuple[Operator, ...]] = (Operator.EQUALS, Operator.IN, Operator.EXISTS)
PREFIXED: Final[tuple[Operator, ...]] = (
    Operator.EQUALS,
    Operator.IN,
    Operator.STARTS_WITH,
    Operator.EXISTS,
)
WORDED: Final[tuple[Operator, ...]] = (
    Operator.EQUALS,
    Operator.IN,
    Operator.STARTS_WITH,
    Operator.CONTAINS,
    Operator.EXISTS,
)
ORDERED: Final[tuple[Operator, ...]] = (
    Operator.EQUALS,
    Operator.IN,
    Operator.LT,
    Operator.LTE,
    Operator.GT,
    Operator.GTE,
    Operator.EXISTS,
)
EQUAL: Final[tuple[Operator, ...]] = (Operator.EQUALS, Operator.EXISTS)
GIVEN: Final[tuple[Operator, ...]] = (Operator.EXISTS,)
