"""Timelines of one operation: those asked for in one turn of the loop are read together."""

import asyncio
from collections import defaultdict

from graph.interaction_ports import Interactions, TimelinePage
from graph.model.interaction import Interaction, TimelineQuery
from graph.views import View, Views
from policies.reveal import reveal

_Waiting = dict[TimelineQuery, asyncio.Future[TimelinePage]]


class TimelineLoader:
    """Timelines and interactions, read as far as their view goes and revealed."""

    def __init__(self, store: Interactions, views: Views) -> None:
        self._store = store
        self._views = views
        self._waiting: defaultdict[View, _Waiting] = defaultdict(dict)
        self._tasks: set[asyncio.Task[None]] = set()

    async def page(self, asked: TimelineQuery, view: View) -> TimelinePage:
        """The page that a query asks for; what is withheld is None in its items."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._start)
        waiting = self._waiting[view]
        if asked not in waiting:
            waiting[asked] = asyncio.get_running_loop().create_future()
        # Shielded: a sibling's failure cancels this wait, never the shared answer.
        return await asyncio.shield(waiting[asked])

    async def interaction(self, id: str) -> Interaction | None:
        """One interaction as strangers see it, or None where it is absent."""
        plan = self._views.base.plan
        (found,) = await self._store.get_many([id], plan.access.scope, plan.interactions)
        return reveal(found, plan.access) if found else None

    def close(self) -> None:
        """Stop reading: nobody waits any more."""
        for task in self._tasks:
            task.cancel()

    def _start(self) -> None:
        views, self._waiting = self._waiting, defaultdict(dict)
        for view, waiting in views.items():
            task = asyncio.get_running_loop().create_task(self._read(view, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _read(self, view: View, waiting: _Waiting) -> None:
        plan = view.plan
        try:
            pages = await self._store.pages(list(waiting), plan.access.scope, plan.interactions)
        except Exception as error:  # noqa: BLE001 - handed on to everybody who waits
            for future in waiting.values():
                future.set_exception(error)
                future.exception()  # marked as seen: a cancelled waiter must not log it
            return
        for future, page in zip(waiting.values(), pages, strict=True):
            future.set_result(page)
