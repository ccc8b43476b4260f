"""Timelines of one operation: those asked for in one turn of the loop are read together."""

import asyncio

from graph.interaction_ports import Interactions, TimelinePage
from graph.model.interaction import Interaction, TimelineQuery
from graph.plan import DocumentPlan
from policies.reveal import reveal


class TimelineLoader:
    """Timelines and interactions, read as the plan says and revealed."""

    def __init__(self, store: Interactions, plan: DocumentPlan) -> None:
        self._store = store
        self._plan = plan
        self._waiting: dict[TimelineQuery, asyncio.Future[TimelinePage]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def page(self, asked: TimelineQuery) -> TimelinePage:
        """The page that a query asks for; what is withheld is None in its items."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._start)
        if asked not in self._waiting:
            self._waiting[asked] = asyncio.get_running_loop().create_future()
        # Shielded: a sibling's failure cancels this wait, never the shared answer.
        return await asyncio.shield(self._waiting[asked])

    async def interaction(self, id: str) -> Interaction | None:
        """One interaction, or None where it is absent."""
        plan = self._plan
        (found,) = await self._store.get_many([id], plan.access.scope, plan.interactions)
        return reveal(found, plan.access) if found else None

    def show(self, item: Interaction) -> Interaction:
        """An interaction as the asker may see it."""
        return reveal(item, self._plan.access)

    def close(self) -> None:
        """Stop reading: nobody waits any more."""
        for task in self._tasks:
            task.cancel()

    def _start(self) -> None:
        waiting, self._waiting = self._waiting, {}
        task = asyncio.get_running_loop().create_task(self._read(waiting))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, waiting: dict[TimelineQuery, asyncio.Future[TimelinePage]]) -> None:
        plan = self._plan
        try:
            pages = await self._store.pages(list(waiting), plan.access.scope, plan.interactions)
        except Exception as error:  # noqa: BLE001 - handed on to everybody who waits
            for future in waiting.values():
                future.set_exception(error)
                future.exception()  # marked as seen: a cancelled waiter must not log it
            return
        for future, page in zip(waiting.values(), pages, strict=True):
            future.set_result(page)
