"""Weights and suggestions as documents and back."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from app.store.documents import Document
from app.store.names import key_of
from app.store.sealing import TenantSeal
from graph.errors import BadInput
from graph.match_ports import Duplicate
from graph.model.comparison import Level
from graph.model.match_weights import MatchWeights

# The order of the queue is the order of a text: the likelier, the less; weights are some hundreds.
_HIGHEST: Final = 10_000.0
_WIDTH: Final = 12
_QUEUE: Final = "suggestions/after"


def weights_document(tenant: str, weights: MatchWeights) -> Document:
    """What was learned, as it is kept."""
    levels = {
        attribute: {level.name: weight for level, weight in levels.items()}
        for attribute, levels in weights.by_attribute.items()
    }
    # A list: what attributes are called may hold a dot.
    kept = [{"attribute": name, "levels": found} for name, found in sorted(levels.items())]
    return {"_id": tenant, "version": weights.version, "prior": weights.prior, "learned": kept}


def weights_of(document: Mapping[str, Any]) -> MatchWeights:
    """What was learned."""
    found = {
        item["attribute"]: {Level[name]: float(one) for name, one in item["levels"].items()}
        for item in document["learned"]
    }
    return MatchWeights(float(document["prior"]), found, int(document["version"]))


def pair_key(tenant: str, one: str, other: str) -> str:
    """The `_id` of what is known about two profiles, whichever comes first."""
    return key_of(tenant, *sorted((one, other)))


def suggestion_document(
    tenant: str, pair: tuple[str, str], levels: Mapping[str, Level], weight: float
) -> Document:
    """A suggestion as it is kept until somebody decides."""
    one, other = sorted(pair)
    return {
        "_id": pair_key(tenant, one, other),
        "tenant": tenant,
        "profiles": [one, other],
        "levels": [{"attribute": name, "level": level.name} for name, level in levels.items()],
        "weight": weight,
        "rank": f"{rank_of(tenant, weight)}\t{one}\t{other}",
    }


def rank_of(tenant: str, weight: float) -> str:
    """Where a weight stands in the queue of a tenant."""
    return f"{tenant}\t{_HIGHEST - weight:0{_WIDTH}.6f}"


def duplicate_of(document: Mapping[str, Any], of_tenant: TenantSeal, by: str) -> Duplicate:
    """A suggestion in a list that is in order of `by`.

    Its cursor is sealed: its place may tell what all attributes weigh together.
    """
    one, other = document["profiles"]
    levels = {item["attribute"]: Level[item["level"]] for item in document["levels"]}
    cursor = base64.urlsafe_b64encode(of_tenant.seal(_QUEUE, document[by])).decode()
    return Duplicate((one, other), levels, document["weight"], cursor.rstrip("="))


def place_of(cursor: str, of_tenant: TenantSeal, begin: str) -> str:
    """The place that a cursor stands for in the list whose places all begin so.

    Raises:
        BadInput: it is none, or one of another list.
    """
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        sealed = b""
    place = of_tenant.opened(_QUEUE, sealed)
    if not isinstance(place, str) or not place.startswith(begin):
        raise BadInput("after: not a cursor of this list.")
    return place
