"""A connection to the store whose making is cancelled leaves no socket open."""

import asyncio
import contextlib
import gc
import socket
import warnings

from pymongo.pool_options import PoolOptions
from pymongo.pool_shared import _async_create_connection


async def test_a_cancelled_connection_leaves_no_socket_open():
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # whoever comes now is kept waiting
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        making = _async_create_connection(listener.getsockname(), PoolOptions(connect_timeout=5))
        task = asyncio.create_task(making)
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.wait({task})

        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            del task, making
            gc.collect()

    assert [str(one.message) for one in told if one.category is ResourceWarning] == []
