"""How every command runs its work over a store."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import typer
import uvloop
from pymongo.errors import PyMongoError

from app.cli_guard import fail, guarded

_Result = TypeVar("_Result")


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """What asynchronous work gives; says why and exits where it fails."""
    try:
        return guarded(lambda: uvloop.run(work))
    except PyMongoError as error:
        fail(f"The store gives no answer ({type(error).__name__}); try `profile-gateway doctor`.")
    except asyncio.CancelledError:
        raise typer.Exit(130) from None
