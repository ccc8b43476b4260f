"""Documents compared as they are stored: to Python, true is one, and 1.0 as well."""

from collections.abc import Iterable, Mapping
from typing import Any

import bson


def is_among(document: Mapping[str, Any], documents: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a document is one of some, to the byte."""
    return bson.encode(document) in map(bson.encode, documents)
