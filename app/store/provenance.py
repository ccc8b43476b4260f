"""Where a value comes from, as it is kept beside it."""

from collections.abc import Mapping
from typing import Any

from graph.model.provenance import Provenance

Document = dict[str, Any]


def provenance_of(kept: Mapping[str, Any]) -> Provenance:
    """Where a value comes from, as it was kept."""
    return Provenance(kept.get("at"), kept.get("by"), kept.get("source"), kept.get("observed"))


def provenance_document(provenance: Provenance) -> Document:
    """Where a value comes from, as it is kept."""
    kept = {
        "at": provenance.at,
        "by": provenance.by,
        "source": provenance.source,
        "observed": provenance.observed_at,
    }
    return {key: value for key, value in kept.items() if value is not None}
