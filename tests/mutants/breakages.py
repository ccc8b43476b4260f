"""Every guard that is broken on purpose.  A new guard gets its breakage here."""

from typing import Final

from tests.mutants.breakage import Breakage
from tests.mutants.of_connector_files import OF_CONNECTOR_FILES
from tests.mutants.of_edge import OF_EDGE
from tests.mutants.of_graph import OF_GRAPH
from tests.mutants.of_limits import OF_LIMITS
from tests.mutants.of_policies import OF_POLICIES
from tests.mutants.of_sign_in import OF_SIGN_IN
from tests.mutants.of_store import OF_STORE

BREAKAGES: Final[tuple[Breakage, ...]] = (
    *OF_POLICIES,
    *OF_GRAPH,
    *OF_LIMITS,
    *OF_SIGN_IN,
    *OF_EDGE,
    *OF_STORE,
    *OF_CONNECTOR_FILES,
)
