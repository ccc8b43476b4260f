import pytest

from tests.graph.kinds.valid_values import FACETS


def refusal(method, value, facets=FACETS):
    """What is said of a value the kind can't hold."""
    with pytest.raises(ValueError, match=r"^expected ") as refused:
        method(value, facets)
    assert type(refused.value) is ValueError
    assert refused.value.__cause__ is None
    return str(refused.value)
