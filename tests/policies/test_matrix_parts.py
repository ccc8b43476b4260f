"""What narrows and widens rights in a matrix, and a tenant's rules over the shipped one."""

from dataclasses import replace

import pytest

from policies.classification import DataClass
from policies.decision import Action, Effect
from policies.errors import WrongMatrix
from policies.matrix import (
    Assurances,
    BreakGlass,
    Ceiling,
    Conversations,
    FieldRights,
    Matrix,
    PurposeRule,
)
from policies.matrix_file import matrix_of
from policies.standing import Purpose, Relation
from tests.policies.questions import SHIPPED, a_matrix, given_classes, some_rights

WHOLE = """
version = 4
[roles.agent]
read = ["PUBLIC"]
in_conversation = { read = ["CONTACT"], mask = ["FINANCIAL"] }
break_glass = { read = ["SENSITIVE"] }
purposes = ["CARE", "SERVICE"]
hides = true
[roles.agent.fields]
"Interaction.kind" = ["read", "filter"]
"custom.tier" = ["mask"]
"custom.secret" = ["hidden"]
"custom.shut" = []
[operations]
profile = ["agent"]
[purposes.MARKETING]
classes = ["CONTACT"]
consent = "marketing"
[purposes.LEGAL]
[clients.widget]
classes = ["IDENTITY"]
operations = ["profile"]
[scopes."profile:read"]
operations = ["profile"]
[assurance]
fresh_s = 60
actions = ["reveal"]
operations = ["profile"]
[conversations]
told_by = ["service"]
hours = 2
[break_glass]
minutes = 5
"""
AGENT = some_rights(
    read=[DataClass.PUBLIC],
    related={
        Relation.CONVERSATION: given_classes(read=[DataClass.CONTACT], mask=[DataClass.FINANCIAL]),
        Relation.BREAK_GLASS: given_classes(read=[DataClass.SENSITIVE]),
    },
    purposes=[Purpose.CARE, Purpose.SERVICE],
    hides=True,
    fields={
        "Interaction.kind": FieldRights(frozenset({Action.READ, Action.FILTER})),
        "custom.tier": FieldRights(is_masked=True),
        "custom.secret": FieldRights(is_hidden=True),
        "custom.shut": FieldRights(),
    },
)
BASE = a_matrix({"agent": AGENT}, {"profile": frozenset({"agent"})})


def read(text: str) -> Matrix:
    return matrix_of(text, "rules")


def refused(text: str, base: Matrix | None = None) -> str:
    with pytest.raises(WrongMatrix) as caught:
        matrix_of(text, "rules", base, 1)
    return str(caught.value)


def test_a_matrix_says_all_that_its_text_says():
    assert read(WHOLE) == Matrix(
        4,
        {"agent": AGENT},
        {"profile": frozenset({"agent"})},
        {
            Purpose.MARKETING: PurposeRule(frozenset({DataClass.CONTACT}), "marketing"),
            Purpose.LEGAL: PurposeRule(),
        },
        {"widget": Ceiling(frozenset({DataClass.IDENTITY}), frozenset({"profile"}))},
        {"profile:read": Ceiling(operations=frozenset({"profile"}))},
        Assurances(60, frozenset({Action.REVEAL}), frozenset({"profile"})),
        Conversations(frozenset({"service"}), 2),
        BreakGlass(5),
    )


def test_a_field_of_its_own_rights_says_what_each_action_gets():
    rights = AGENT.fields
    effects = {name: [own.effect(action) for action in Action] for name, own in rights.items()}
    denied = [Effect.DENY] * 6

    assert effects["custom.tier"] == [Effect.MASK, *denied]
    assert effects["custom.shut"] == [Effect.DENY, *denied]
    assert effects["custom.secret"] == [Effect.HIDE] * 7
    assert effects["Interaction.kind"][:3] == [Effect.ALLOW, Effect.DENY, Effect.ALLOW]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"CARE"', '"CURE"', "unknown purpose of role agent: CURE; known: ANALYTICS,"),
        ("purposes.LEGAL", "purposes.LAW", "unknown purpose: LAW; known: ANALYTICS,"),
        ('consent = "', 'agreed = "', "unknown entry of purpose MARKETING: agreed;"),
        ('"marketing"', "1", "consent of purpose MARKETING: expected a text"),
        ('{ read = ["SENSITIVE"] }', "[]", "break_glass of role agent: expected a table"),
        ('{ read = ["SENSITIVE"] }', "{ write = [] }", "unknown entry of break_glass of role"),
        ('["mask"]', '["mask", "read"]', "field custom.tier: hidden, mask and read exclude"),
        ('["hidden"]', '["hidden", "write"]', "field custom.secret: hidden, mask and read"),
        ('["hidden"]', '["hide"]', "unknown right on field custom.secret: hide; known: aggregate,"),
        ('"IDENTITY"', '"NAME"', "unknown data class of widget: NAME; known: BEHAVIOURAL,"),
        ("[clients.widget]", "[clients.widget]\nroles = []", "unknown entry of widget: roles;"),
        ("fresh_s = 60", 'fresh_s = "60"', "fresh_s of assurance: expected a whole number"),
        ('["reveal"]', '["show"]', "unknown action of assurance: show; known: aggregate,"),
        ('["service"]', '["server"]', "unknown role in told_by of conversations: server;"),
        ("hours = 2", "hours = true", "hours of conversations: expected a whole number"),
        ("hours = 2", "days = 2", "unknown entry of conversations: days; known: hours, told_by"),
        ("minutes = 5", "minutes = 0", "minutes of break_glass: expected 1 to 1440"),
        ("minutes = 5", "minutes = 1441", "minutes of break_glass: expected 1 to 1440"),
        ("minutes = 5", "minutes = true", "minutes of break_glass: expected a whole number"),
        ("minutes = 5", "hours = 5", "unknown entry of break_glass: hours; known: minutes"),
        ("fresh_s", "fresh", "unknown entry of assurance: fresh; known: actions, fresh_s,"),
    ],
)
def test_what_does_not_exist_is_refused(old, new, said):
    assert refused(WHOLE.replace(old, new, 1)).startswith(said)


def test_a_tenants_rules_take_the_place_of_what_they_name_and_of_nothing_else():
    own = matrix_of('[roles.agent]\nread = ["CONTACT"]\n', "rules", read(WHOLE), 7)

    given = given_classes(read=[DataClass.CONTACT])
    assert own.roles == {"agent": replace(AGENT, given=given)}
    assert (own.version, own.revision) == (4, 7)
    whole = read(WHOLE)
    assert (own.operations, own.purposes, own.ceilings) == (
        *(whole.operations, whole.purposes, whole.ceilings),
    )
    assert (own.assurances, own.conversations, own.break_glass) == (
        *(whole.assurances, whole.conversations, whole.break_glass),
    )


def test_of_a_role_what_is_not_named_stays_as_shipped():
    text = """
    [roles.agent]
    filter = ["CONTACT"]
    break_glass = {}
    hides = false
    fields = { "custom.tier" = ["read"] }
    """
    own = matrix_of(text, "rules", read(WHOLE), 1).roles["agent"]

    assert own == replace(
        AGENT,
        given=given_classes(read=[DataClass.PUBLIC], filter=[DataClass.CONTACT]),
        related={**AGENT.related, Relation.BREAK_GLASS: given_classes()},
        hides=False,
        fields={"custom.tier": FieldRights(frozenset({Action.READ}))},
    )


def test_a_class_that_is_read_now_is_not_masked_any_more_nor_the_other_way():
    def agent(text):
        return matrix_of(f"[roles.agent]\n{text}\n", "rules", SHIPPED, 1).roles["agent"].given

    read_now = agent('read = ["PUBLIC", "CONTACT"]')
    masked_now = agent('mask = ["IDENTITY"]')

    assert read_now.mask == {DataClass.FINANCIAL}
    assert read_now.effect(Action.READ, DataClass.CONTACT) is Effect.ALLOW
    assert masked_now.effect(Action.READ, DataClass.IDENTITY) is Effect.MASK
    assert masked_now.effect(Action.READ, DataClass.DEMOGRAPHIC) is Effect.ALLOW
    assert masked_now.effect(Action.READ, DataClass.CONTACT) is Effect.DENY
    both = agent('read = ["PUBLIC"]\nmask = ["CONTACT"]')
    assert both.mask == {DataClass.CONTACT}
    assert both.actions[Action.READ] == {DataClass.PUBLIC}


def test_no_rules_change_nothing():
    assert matrix_of("", "rules", SHIPPED) == SHIPPED


def test_rules_may_shut_an_operation_and_add_a_purpose():
    text = "[operations]\nprofile = []\n[purposes.FRAUD]\nclasses = []\n"
    own = matrix_of(text, "rules", BASE, 1)

    assert own.operations == {"profile": frozenset()}
    assert own.purposes == {Purpose.FRAUD: PurposeRule(frozenset())}


def test_rules_have_no_version_of_their_own():
    assert refused("version = 1", BASE) == "version: only the shipped matrix has one"


def test_rules_name_no_role_without_rights():
    said = "unknown role in operation profile: partner; known: agent"

    assert refused('[operations]\nprofile = ["partner"]\n', BASE) == said


def test_rules_that_are_not_toml_are_refused_by_their_name():
    assert refused("[roles", BASE).startswith("rules is not TOML: ")
