from policies.access.question import Question
from policies.decision import Decision, Effect


def by_role(question: Question) -> Decision:
    """The loosest right that any of the principal's roles gives on the class or the field.

    It always answers, so that no other policy can allow what no role gives.
    """
    rights, label = question.asking.matrix.roles, question.label
    granted = {
        role: rights[role].effect(
            question.action, label.data_class, question.name, question.standing.relation
        )
        for role in sorted(question.asking.principal.roles)
        if role in rights
    }
    data_class, verb = label.data_class.value, question.action.value
    role = min(granted, key=lambda name: granted[name], default="")
    if not role or granted[role] >= Effect.DENY:
        return Decision(Effect.DENY, f"no role of yours may {verb} {data_class}")
    why = f"role {role} may {verb} {data_class}: {granted[role].name}"
    if question.name and question.name in rights[role].fields:
        why = f"role {role} may {verb} {question.name}: {granted[role].name}"
    elif question.standing.relation in rights[role].related:
        why = f"{why}, in relation {question.standing.relation.value}"
    return Decision(granted[role], why)


def by_field_roles(question: Question) -> Decision | None:
    """A field that names its roles is for them alone."""
    if question.label.is_open_to(question.asking.principal.roles):
        return None
    return Decision(Effect.DENY, "the field is reserved for other roles")
