"""Turns the driver's failures into the graph's errors, in one place."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from graph.errors import StoreUnavailable

_LOG = logging.getLogger("gateway.store")


@contextmanager
def store_failures() -> Iterator[None]:
    """Raises `StoreUnavailable` for whatever the driver raises, but for duplicate keys.

    A duplicate key is an answer, not a failure: its callers act on it.
    """
    try:
        yield
    except DuplicateKeyError:
        raise
    except PyMongoError as error:
        # The driver's text may quote documents: its class and code are enough.
        code = error.code if isinstance(error, OperationFailure) else None
        _LOG.warning("store: %s, code %s", type(error).__name__, code)
        raise StoreUnavailable("The store gives no answer now; try again.") from error
