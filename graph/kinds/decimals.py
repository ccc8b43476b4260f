import re
from decimal import Decimal
from typing import Final, cast

from graph.kinds.kept import Kept
from graph.kinds.operators import ORDERED
from graph.kinds.source_text import trim
from graph.model.custom_field import Facets

_MAX_DIGITS: Final = 34  # as many as Decimal128 has
_MAX_FRACTION: Final = 20
_MAX_TEXT: Final = 100  # characters, with zeros that don't count
_TEXT: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_COMPLEMENT: Final = str.maketrans("0123456789", "9876543210")


class ExactDecimal(Kept):
    """An exact decimal number of up to 34 digits, at most 20 of them after the point."""

    name = "DECIMAL"
    scalar = "Decimal"
    example: object = "12.5"
    operators = ORDERED
    facets = frozenset({"range"})

    def parse(self, value: object, facets: Facets) -> Decimal:
        """The number of a text or a whole number, without zeros at its end: 1.50 is 1.5."""
        del facets
        if isinstance(value, float):
            raise ValueError("expected a decimal as text such as 12.5, as JSON isn't exact")  # noqa: TRY004 - one error class for bad values
        return _exact(_decimal(value))

    def from_source(self, value: object, facets: Facets) -> Decimal:
        """Outer blanks are left out, a float is the shortest number it stands for."""
        return self.parse(repr(value) if isinstance(value, float) else trim(value), facets)

    def key(self, value: object) -> str:
        """55 digits that sort as the numbers do."""
        return decimal_key(cast("Decimal", value))


def decimal_key(number: Decimal) -> str:
    """55 digits that sort as the numbers do: the sign, 34 before the point, 20 after it."""
    # Not abs(), which rounds to 28 digits.
    whole, _, fraction = format(number.copy_abs(), "f").partition(".")
    digits = whole.zfill(_MAX_DIGITS) + fraction.ljust(_MAX_FRACTION, "0")
    return "0" + digits.translate(_COMPLEMENT) if number < 0 else "1" + digits


def _decimal(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value) if abs(value) < 10**_MAX_DIGITS else Decimal("NaN")
    if isinstance(value, str) and len(value) <= _MAX_TEXT and _TEXT.fullmatch(value):
        return Decimal(value)
    raise ValueError("expected a decimal such as 12.5")


def _exact(number: Decimal) -> Decimal:
    if number.is_zero():
        return Decimal(0)
    # The size first: written plainly, 1E+999999 has a million digits.
    if number.is_finite() and -_MAX_FRACTION <= number.adjusted() < _MAX_DIGITS:
        text = format(number, "f")
        whole, _, fraction = text.partition(".")
        fraction = fraction.rstrip("0")
        digits = len(whole.lstrip("+-0")) + len(fraction)
        if digits <= _MAX_DIGITS and len(fraction) <= _MAX_FRACTION:
            return Decimal(f"{whole}.{fraction}" if fraction else whole)
    raise ValueError(
        f"expected at most {_MAX_DIGITS} digits, at most {_MAX_FRACTION} of them after the point"
    )
