"""What one operation may see of each customer: it depends on how its asker stands to them."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from graph.live import LiveReads
from graph.live_report import SourceReport, reports_of
from graph.plan import DocumentPlan, Withheld
from policies.standing import STRANGER, Standing

_ANYWHERE: Final = None


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What is seen of customers to whom the asker stands in one way.

    `before` is awaited with the ids of profiles before any of them is shown; None: nothing is.
    """

    standing: Standing
    plan: DocumentPlan
    live: LiveReads
    before: Callable[[Sequence[str]], Awaitable[None]] | None = None

    @property
    def attributes(self) -> set[str]:
        """The attributes of profiles to read."""
        return self.plan.attributes | ({"links"} if self.live.needs_links else set())


class Views:
    """The views of one operation, each made when somebody is first seen by it.

    `base` is what is seen of strangers.  They remember under which root field each was used, so
    that an answer tells of what was withheld there and nowhere else.  `denied` are the coordinates
    that some view denies.
    """

    def __init__(self, make: Callable[[Standing], View]) -> None:
        self._make = make
        self._views: dict[Standing, View] = {}
        self._beside: list[View] = []
        self._of_profile: dict[str, View] = {}
        self._used: defaultdict[str | None, set[View]] = defaultdict(set)
        self.denied: set[str] = set()
        self.base = self.by_standing(STRANGER)

    def by_standing(self, standing: Standing) -> View:
        """The view of customers to whom the asker stands so."""
        if standing not in self._views:
            view = self._views[standing] = self._make(standing)
            self.denied |= view.plan.access.denied
        return self._views[standing]

    def add(self, view: View) -> None:
        """Count a view in that was made for one field alone."""
        self._beside.append(view)

    def of(self, profile_id: str) -> View:
        """The view by which a profile was shown."""
        return self._of_profile.get(profile_id, self.base)

    def shown(self, profile_id: str, view: View) -> None:
        """Remember by which view a profile is shown."""
        self._of_profile[profile_id] = view

    def used(self, view: View, root: str | None = _ANYWHERE) -> None:
        """Remember that something is shown by a view under a root field; None: under any."""
        self._used[root].add(view)

    def at(self, root: str) -> set[View]:
        """The views that were used under a root field; that of strangers where none was."""
        found = self._used.get(root, set()) | self._used.get(_ANYWHERE, set())
        return found or {self.base}

    def withheld(self) -> list[Withheld]:
        """What was withheld, under each root field by the views that were used there."""
        # The view of strangers comes first, and withholds the most: so they stay in order.
        found: dict[tuple[str, ...], Withheld | None] = {}
        for view in self._views.values():
            for path, item in view.plan.withheld.items():
                is_used = view in self.at(path[0])
                found[path] = found.get(path) or (item if is_used else None)
        return [item for item in found.values() if item]

    def masked(self) -> set[tuple[str, ...]]:
        """The paths at which values are masked, for some customers at least."""
        return {
            path
            for view in self._views.values()
            for path in view.plan.masked
            if view in self.at(path[0])
        }

    def reports(self) -> list[SourceReport]:
        """What the sources were asked, by all views together."""
        return list(reports_of(view.live.stories for view in self.all()).values())

    def all(self) -> Iterator[View]:
        """Every view that was made."""
        yield from (*self._views.values(), *self._beside)


def root_key(path: object) -> str:
    """The response key of the root field that a response path begins with."""
    while (before := getattr(path, "prev", None)) is not None:
        path = before
    return str(getattr(path, "key", ""))
