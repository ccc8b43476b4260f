"""Profiles of one operation: read once, as far as its asker may see each of them."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from graph.kinds.values import loaded
from graph.model.preference import Preferences
from graph.model.profile import Link, Profile
from graph.model.provenance import Provenance
from graph.ports import Profiles
from graph.standings import Standings
from graph.views import View, Views
from policies.decision import Effect
from policies.plan import AccessPlan
from policies.reveal import reveal


class ProfileLoader:
    """Profiles of one operation: ids asked for in one turn of the loop are one store read.

    Where it matters how the asker stands to each, they are one read for each way of standing.
    """

    def __init__(self, store: Profiles, views: Views, standings: Standings) -> None:
        self._store = store
        self._views = views
        self._standings = standings
        self._loaded: dict[str, asyncio.Future[tuple[Profile, View] | None]] = {}
        self._links: dict[str, tuple[Link, ...]] = {}
        self._told: dict[str, Mapping[str, Provenance]] = {}
        self._waiting: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def page_attributes(self) -> set[str]:
        """What a page is to read of its profiles; nothing where each is to be read by itself."""
        return set() if self._standings.matter else self._views.base.attributes

    async def load(self, id: str, root: str | None = None) -> Profile | None:
        """One profile, or None where it is absent or out of scope; it is shown under `root`.

        A source that can be asked by our id is asked at the same time as the store.
        """
        if id not in self._loaded:
            loop = asyncio.get_running_loop()
            self._loaded[id] = loop.create_future()
            if not self._waiting:
                loop.call_soon(self._start)
            self._waiting.append(id)
            if not self._standings.matter:
                self._views.base.live.start(id)
        # Shielded: a sibling's failure cancels this wait, never the shared answer.
        found = await asyncio.shield(self._loaded[id])
        if found is None:
            return None
        profile, view = found
        self._views.used(view, root)
        return profile

    async def page(self, stored: Sequence[Profile], root: str | None) -> list[Profile]:
        """The profiles that a page read already, as far as the asker may see each."""
        if self._standings.matter:
            found = await asyncio.gather(*(self.load(one.id, root) for one in stored))
            return [one for one in found if one is not None]
        self._views.used(self._views.base, root)
        return [self._show(one, self._views.base) for one in stored]

    async def show(self, stored: Profile, root: str | None = None) -> Profile:
        """A profile that was made up, such as a preview, as far as the asker may see it."""
        (standing,) = await self._standings.of([stored.id])
        view = self._views.by_standing(standing)
        self._views.used(view, root)
        if view.before:
            await view.before([stored.id])
        return self._show(stored, view)

    def forget(self, id: str) -> None:
        """Read this profile anew next time: it was changed, or what links the asker to it."""
        self._loaded.pop(id, None)
        self._standings.forget()

    def forget_all(self) -> None:
        """Read everybody anew next time: how the asker stands to customers has changed."""
        self._loaded.clear()
        self._standings.forget()

    def links_of(self, id: str) -> tuple[Link, ...]:
        """How the sources know a loaded profile, whether or not its asker may see that."""
        return self._links.get(id, ())

    def told_of(self, id: str) -> Mapping[str, Provenance]:
        """Where the SYNCED values of a loaded profile come from, by where they are kept."""
        return self._told.get(id, {})

    def close(self) -> None:
        """Stop reading: nobody waits any more."""
        for task in self._tasks:
            task.cancel()

    def _show(self, stored: Profile, view: View) -> Profile:
        links = self._links[stored.id] = stored.links or ()
        self._told[stored.id] = stored.told
        self._views.shown(stored.id, view)
        view.live.start(stored.id, links)
        custom = loaded(stored.custom or {}, view.plan.customer_schema)
        access = view.plan.access
        preferences = _told(stored.preferences, access)
        return reveal(replace(stored, custom=custom, preferences=preferences), access)

    def _start(self) -> None:
        ids, self._waiting = self._waiting, []
        task = asyncio.get_running_loop().create_task(self._read(ids))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, ids: list[str]) -> None:
        futures = {one: self._loaded[one] for one in ids}
        try:
            groups = await self._grouped(ids)
            await asyncio.gather(*(self._fill(view, ids, futures) for view, ids in groups.items()))
        except Exception as error:  # noqa: BLE001 - handed on to everybody who waits
            for future in futures.values():
                if not future.done():
                    future.set_exception(error)
                future.exception()  # marked as seen: a cancelled waiter must not log it

    async def _grouped(self, ids: list[str]) -> dict[View, list[str]]:
        groups = defaultdict[View, list[str]](list)
        for one, standing in zip(ids, await self._standings.of(ids), strict=True):
            groups[self._views.by_standing(standing)].append(one)
        if self._standings.matter:
            for view, members in groups.items():
                for one in members:
                    view.live.start(one)
        return groups

    async def _fill(
        self,
        view: View,
        ids: list[str],
        futures: dict[str, asyncio.Future[tuple[Profile, View] | None]],
    ) -> None:
        found = await self._store.get_many(ids, view.plan.access.scope, view.attributes)
        if view.before:
            await view.before([stored.id for stored in found if stored])
        shown = [(self._show(stored, view), view) if stored else None for stored in found]
        for one, profile in zip(ids, shown, strict=True):
            if not futures[one].done():  # where another view's read has failed
                futures[one].set_result(profile)


def _told(preferences: Any, access: AccessPlan) -> Any:  # noqa: ANN401 - preferences, none, or unreadable
    """Preferences whose `said` doesn't name what may not be read of them."""
    if not isinstance(preferences, Preferences) or not preferences.said:
        return preferences
    said = tuple(
        one
        for one in preferences.said
        if access.effect(f"Preferences.{one.attribute}") is not Effect.DENY
    )
    return preferences if len(said) == len(preferences.said) else replace(preferences, said=said)
