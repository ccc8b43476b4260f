"""Batch, fetch in scope, reveal: what a resolver gets has passed the plan already."""

import asyncio
from dataclasses import replace

from graph.kinds.values import loaded
from graph.live import LiveReads
from graph.model.profile import Link, Profile
from graph.plan import DocumentPlan
from graph.ports import Profiles
from policies.reveal import reveal


class ProfileLoader:
    """Profiles of one operation: ids asked for in one turn of the loop are one store read."""

    def __init__(self, store: Profiles, plan: DocumentPlan, live: LiveReads) -> None:
        self._store = store
        self._plan = plan
        self._live = live
        self._loaded: dict[str, asyncio.Future[Profile | None]] = {}
        self._links: dict[str, tuple[Link, ...]] = {}
        self._waiting: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.attributes = plan.attributes | ({"links"} if live.needs_links else set())

    async def load(self, id: str) -> Profile | None:
        """One profile, or None where it is absent or out of scope.

        A source that can be asked by our id is asked at the same time as the store.
        """
        if id not in self._loaded:
            loop = asyncio.get_running_loop()
            self._loaded[id] = loop.create_future()
            if not self._waiting:
                loop.call_soon(self._start)
            self._waiting.append(id)
            self._live.start(id)
        # Shielded: a sibling's failure cancels this wait, never the shared answer.
        return await asyncio.shield(self._loaded[id])

    def forget(self, id: str) -> None:
        """Read this profile anew next time: it was changed."""
        self._loaded.pop(id, None)

    def show(self, stored: Profile) -> Profile:
        """A profile that a page read already, revealed, and its live attributes asked for."""
        links = self._links[stored.id] = stored.links or ()
        self._live.start(stored.id, links)
        custom = loaded(stored.custom or {}, self._plan.customer_schema)
        return reveal(replace(stored, custom=custom), self._plan.access)

    def links_of(self, id: str) -> tuple[Link, ...]:
        """How the sources know a loaded profile, whether or not its asker may see that."""
        return self._links.get(id, ())

    def close(self) -> None:
        """Stop reading: nobody waits any more."""
        for task in self._tasks:
            task.cancel()

    def _start(self) -> None:
        ids, self._waiting = self._waiting, []
        task = asyncio.get_running_loop().create_task(self._read(ids))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, ids: list[str]) -> None:
        futures = [self._loaded[one] for one in ids]
        try:
            found = await self._store.get_many(ids, self._plan.access.scope, self.attributes)
            shown = [self.show(stored) if stored else None for stored in found]
        except Exception as error:  # noqa: BLE001 - handed on to everybody who waits
            for future in futures:
                future.set_exception(error)
                future.exception()  # marked as seen: a cancelled waiter must not log it
            return
        for future, profile in zip(futures, shown, strict=True):
            future.set_result(profile)
