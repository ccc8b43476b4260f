from collections.abc import Callable, Iterable
from dataclasses import dataclass

from strawberry.types import Info

from graph.execution.limits import Objects
from graph.facts import SchemaFacts
from graph.live import LiveReads
from graph.loaders import ProfileLoader
from graph.model.custom_field import FieldDefinition
from graph.model.provenance import Author
from graph.plan import DocumentPlan
from graph.recorder import Recorder
from graph.standings import Standings
from graph.timeline import TimelineLoader
from graph.views import Views
from graph.visible import AccessSchema, VisibleSchema
from graph.wiring import Wiring
from policies.asking import Asking
from policies.principal import Principal


@dataclass(frozen=True, slots=True)
class Context:
    """All that a resolver may touch.  It is made after the plan, so nothing loads without one.

    `plan` is that of strangers; `views` have what holds for each customer; `visible` is what the
    asker knows of the schema.  `standings` are by every relation, for acts that the document
    doesn't tell of.  `live` makes reads of CRMs that share the time of the request.
    """

    principal: Principal
    plan: DocumentPlan
    profiles: ProfileLoader
    timelines: TimelineLoader
    views: Views
    standings: Standings
    recorder: Recorder
    facts: SchemaFacts
    live: Callable[[Iterable[FieldDefinition]], LiveReads]
    asking: Asking
    wiring: Wiring
    objects: Objects
    schema: AccessSchema
    visible: VisibleSchema

    @property
    def author(self) -> Author:
        """Who changes what this operation changes."""
        subject = self.principal.subject
        return Author(subject, self.principal.client or subject)


GatewayInfo = Info[Context, None]
