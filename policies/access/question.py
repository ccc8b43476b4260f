from dataclasses import dataclass

from policies.asking import Asking
from policies.classification import Label
from policies.decision import Action
from policies.standing import STRANGER, Standing


@dataclass(frozen=True, slots=True)
class Question:
    """May this be done with a field of this label, for a customer to whom the asker stands so?

    `name` is what the schema calls the field (`Interaction.kind`, `custom.tier`), or None for
    what has no name there.
    """

    asking: Asking
    action: Action
    label: Label
    name: str | None = None
    standing: Standing = STRANGER
