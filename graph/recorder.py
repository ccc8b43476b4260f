"""Records the acts of one operation: what the asker is and asks is the same in all its events."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from graph.audit_ports import Audit
from graph.model.audit import AuditEvent
from policies.asking import Asking
from policies.plan import scope_of


@dataclass(frozen=True, slots=True)
class Recorder:
    """Keeps the events of one operation of one asker."""

    asking: Asking
    audit: Audit
    now: Callable[[], datetime]
    operation: str | None
    document: str = field(repr=False)

    async def record(self, act: AuditEvent) -> str:
        """Keep an act with who did it, how and when; its id.

        Raises:
            AuditUnavailable: as `Audit.record`.
        """
        asking, principal = self.asking, self.asking.principal
        event = replace(
            act,
            at=self.now(),
            actor=principal.subject,
            client=principal.client,
            roles=tuple(sorted(asking.known_roles)),
            purpose=asking.purpose,
            assurance=asking.assurance,
            matrix_version=asking.matrix.version,
            matrix_revision=asking.matrix.revision,
            operation=self.operation,
            document_hash=hashlib.sha256(self.document.encode()).hexdigest(),
        )
        return await self.audit.record(event, scope_of(principal))
