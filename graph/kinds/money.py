from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, cast

from graph.kinds.currencies import CURRENCIES
from graph.kinds.decimals import ExactDecimal, decimal_key
from graph.kinds.operators import ORDERED
from graph.model.custom_field import Facets

_PARTS: Final = {"amount", "currency"}
_AMOUNT: Final = ExactDecimal()


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of a currency (ISO 4217)."""

    amount: Decimal
    currency: str


class MoneyKind:
    """An exact amount of money with its currency."""

    name = "MONEY"
    scalar = "Money"
    example: object = {"amount": "12.50", "currency": "EUR"}
    operators = ORDERED
    facets: frozenset[str] = frozenset()
    is_list = False

    def parse(self, value: object, facets: Facets) -> Money:
        """The money of an object with `amount`, which is a decimal, and `currency`."""
        amount, currency = _parts(value)
        return Money(_AMOUNT.parse(amount, facets), _currency(currency))

    def from_source(self, value: object, facets: Facets) -> Money:
        """Also text such as `12.50 EUR` or `EUR 12.50`, and an amount that is a float."""
        amount, currency = _words(value) if isinstance(value, str) else _parts(value)
        code = currency.strip().upper() if isinstance(currency, str) else currency
        return Money(_AMOUNT.from_source(amount, facets), _currency(code))

    def dump(self, value: object) -> object:
        """A mapping of the two."""
        if not isinstance(value, Money):
            return value
        return {"amount": value.amount, "currency": value.currency}

    def load(self, stored: object) -> object:
        """The money of a mapping."""
        return Money(**stored) if isinstance(stored, Mapping) else stored

    def key(self, value: object) -> str:
        """The currency, then digits that sort as the amounts do."""
        money = cast("Money", value)
        return f"{money.currency} {decimal_key(money.amount)}"


def _parts(value: object) -> tuple[object, object]:
    if isinstance(value, Money):
        return value.amount, value.currency
    if not isinstance(value, Mapping) or set(value) != _PARTS:
        raise ValueError('expected money such as {"amount": "12.50", "currency": "EUR"}')
    return value["amount"], value["currency"]


def _words(text: str) -> tuple[str, str]:
    words = text.split()
    if len(words) != len(_PARTS):
        raise ValueError("expected money such as 12.50 EUR")
    first, second = words
    return (second, first) if first.isalpha() else (first, second)


def _currency(code: object) -> str:
    if not isinstance(code, str) or code not in CURRENCIES:
        raise ValueError("expected a currency of ISO 4217 such as EUR")
    return code
