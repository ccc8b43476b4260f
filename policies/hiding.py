"""What a principal doesn't even know of: fields, root fields, and inputs that speak of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policies.asking import Asking
from policies.classification import Label
from policies.decision import Action, Effect
from policies.plan import hidden_fields, hidden_operations


@dataclass(frozen=True, slots=True)
class Hidden:
    """Coordinates and root fields that are unknown to somebody."""

    fields: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether there is anything hidden."""
        return bool(self.fields or self.operations)


def hidden_from(
    asking: Asking,
    labels: Mapping[str, Label],
    names: Mapping[str, str],
    operations: Iterable[str],
) -> Hidden:
    """What this principal doesn't know, of labelled coordinates and of root fields."""
    return Hidden(hidden_fields(labels, asking, names), hidden_operations(operations, asking))


def may_ever(asking: Asking, action: Action, label: Label, name: str | None) -> bool:
    """Whether a role of the principal gives this right, however sure we are of who asks.

    Who may look people up by a field that they can't read must know the input for it.
    """
    rights = asking.matrix.roles
    return label.is_open_to(asking.principal.roles) and any(
        rights[role].effect(action, label.data_class, name) is Effect.ALLOW
        for role in asking.principal.roles & rights.keys()
    )
