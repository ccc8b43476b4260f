from dataclasses import dataclass

from policies.classification import Label
from policies.decision import Action
from policies.matrix import Matrix
from policies.principal import Principal


@dataclass(frozen=True, slots=True)
class Question:
    """May this principal do this with a field of this label?"""

    principal: Principal
    action: Action
    label: Label
    matrix: Matrix
