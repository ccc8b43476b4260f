from typing import Final

from policies.access.question import Question
from policies.classification import DataClass
from policies.decision import Action, Decision, Effect
from policies.matrix import PurposeRule

_WITH_CONSENT: Final = frozenset({Action.READ, Action.EXPORT, Action.REVEAL})
_NO_RULE: Final = PurposeRule()


def by_purpose(question: Question) -> Decision | None:
    """A field that names its purposes is for them alone; a purpose gives its own classes alone."""
    purpose, label = question.asking.purpose, question.label
    if label.purposes is not None and purpose not in label.purposes:
        return Decision(Effect.DENY, f"the field isn't for the purpose {purpose.value}")
    classes = question.asking.matrix.purposes.get(purpose, _NO_RULE).classes
    if classes is None or label.data_class in {*classes, DataClass.PUBLIC}:
        return None
    return Decision(Effect.DENY, f"{purpose.value} needs no {label.data_class.value}")


def by_consent(question: Question) -> Decision | None:
    """Where a purpose asks for consent, nothing about who hasn't consented is given."""
    if question.standing.has_consent or question.action not in _WITH_CONSENT:
        return None
    if question.label.data_class is DataClass.PUBLIC:
        return None
    purpose = question.asking.purpose.value
    return Decision(Effect.DENY, f"the customer hasn't consented to {purpose}")
