from policies.access.question import Question
from policies.classification import DataClass
from policies.decision import Decision, Effect


def by_client(question: Question) -> Decision | None:
    """A client gets at most what its ceiling and its token's scopes allow, whoever uses it."""
    classes = question.asking.ceiling.classes
    data_class = question.label.data_class
    if classes is None or data_class in {*classes, DataClass.PUBLIC}:
        return None
    return Decision(Effect.DENY, f"the client may not have {data_class.value}")
