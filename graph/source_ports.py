"""What the graph needs of what writes to CRMs.  `app.sync` supplies it."""

from collections.abc import Mapping
from typing import Protocol

from graph.model.owed import WriteState
from policies.plan import Scope


class SourceWrites(Protocol):
    """Values on their way to the CRMs that own them."""

    async def write(
        self,
        profile: str,
        place: tuple[str, str],
        values: Mapping[str, object],
        scope: Scope,
        within_s: float,
    ) -> WriteState:
        """Have a source, and its object, take values by field id, all or none.

        They are kept, sealed, until the source has taken or refused them: where that lasts longer
        than `within_s`, they are WAITING, and are sent again, but for fields that were written
        anew by then.  A CONFLICT is a value that was changed in the CRM and that nobody here has
        seen yet.

        Raises:
            NotFound: there is no such profile.
            Erased: the person was erased.
            StoreUnavailable: nothing was kept.
        """
