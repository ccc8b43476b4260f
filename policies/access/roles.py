from policies.access.question import Question
from policies.decision import Decision, Effect


def by_role(question: Question) -> Decision:
    """The loosest right that any of the principal's roles gives on the class.

    It always answers, so that no other policy can allow what no role gives.
    """
    rights = question.matrix.roles
    granted = {
        role: rights[role].effect(question.action, question.label.data_class)
        for role in sorted(question.principal.roles)
        if role in rights
    }
    data_class, verb = question.label.data_class.value, question.action.value
    role = min(granted, key=lambda name: granted[name], default="")
    if not role or granted[role] is Effect.DENY:
        return Decision(Effect.DENY, f"no role of yours may {verb} {data_class}")
    return Decision(granted[role], f"role {role} may {verb} {data_class}: {granted[role].name}")


def by_field_roles(question: Question) -> Decision | None:
    """A field that names its roles is for them alone."""
    if question.label.roles is None or question.label.roles & question.principal.roles:
        return None
    return Decision(Effect.DENY, "the field is reserved for other roles")
