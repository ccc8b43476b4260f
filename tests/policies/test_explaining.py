"""Which entry of the matrix decides, and what would have to be otherwise for more to be given."""

import pytest

from policies.asking import Assurance
from policies.classification import DataClass, Label
from policies.decision import Action, Effect
from policies.explaining import explain, explain_hidden, explain_operation, supposed
from policies.hiding import hidden_from, may_ever
from policies.matrix import Assurances, Ceiling, FieldRights, PurposeRule
from policies.standing import Purpose, Relation, Standing
from tests.policies.questions import (
    a_matrix,
    a_question,
    an_asking,
    given_classes,
    some_rights,
    somebody,
)

CONTACT, PUBLIC = Label(DataClass.CONTACT), Label(DataClass.PUBLIC)
READS = some_rights(read={DataClass.CONTACT}, fields={"custom.tier": FieldRights(is_masked=True)})
MATRIX = a_matrix(
    {
        "agent": READS,
        "partner": some_rights(
            mask={DataClass.CONTACT},
            related={Relation.CONVERSATION: given_classes(read={DataClass.CONTACT})},
            fields={"Profile.name": FieldRights(is_hidden=True)},
            purposes=(Purpose.SERVICE, Purpose.MARKETING),
            hides=True,
        ),
        "supervisor": some_rights(second_factor=True, read={DataClass.CONTACT}),
    },
    {"profile": frozenset({"agent", "supervisor"}), "profiles": frozenset({"supervisor"})},
    purposes={
        Purpose.MARKETING: PurposeRule(frozenset({DataClass.CONTACT}), "marketing"),
        Purpose.RESEARCH: PurposeRule(frozenset({DataClass.BEHAVIOURAL})),
    },
    ceilings={"app": Ceiling(frozenset({DataClass.IDENTITY}), frozenset({"identify"}))},
    assurances=Assurances(fresh_actions=frozenset({Action.REVEAL})),
)
NARROW = Ceiling(frozenset({DataClass.IDENTITY}), frozenset({"identify"}))
PASSWORD, FACTOR = Assurance.PASSWORD, Assurance.SECOND_FACTOR


def entry(*roles: str, label: Label = CONTACT, client: str | None = None, **more: object) -> str:
    """Where it is said what these roles get."""
    return explain(a_question(somebody(*roles, client=client), label, MATRIX, **more)).entry


def helps(*roles: str, label: Label = CONTACT, **more: object) -> tuple[str, ...]:
    """What would give these roles more."""
    return explain(a_question(somebody(*roles), label, MATRIX, **more)).helps


@pytest.mark.parametrize(
    ("roles", "more", "where"),
    [
        (["agent"], {}, "roles.agent.read CONTACT"),
        (["partner"], {}, "roles.partner.mask CONTACT"),
        (["agent", "partner"], {}, "roles.agent.read CONTACT"),
        (["agent"], {"action": Action.WRITE}, "roles.agent.write CONTACT"),
        (
            ["agent", "partner"],
            {"action": Action.SORT},
            "roles.agent.sort CONTACT, roles.partner.sort CONTACT",
        ),
        (["agent"], {"name": "custom.tier"}, 'roles.agent.fields."custom.tier"'),
        (
            ["partner"],
            {"standing": Standing(Relation.CONVERSATION)},
            "roles.partner.in_conversation.read CONTACT",
        ),
        (["king"], {}, "roles"),
        (["agent"], {"label": Label(DataClass.CONTACT, frozenset({"service"}))}, "@access(roles:)"),
        (["supervisor"], {"assurance": PASSWORD}, "roles.supervisor.second_factor"),
        (
            ["agent"],
            {"label": Label(DataClass.CONTACT, needs_step_up=True), "assurance": FACTOR},
            "@access(stepUp:)",
        ),
        (["agent"], {"purpose": Purpose.RESEARCH}, "purposes.RESEARCH.classes"),
        (
            ["agent"],
            {"label": Label(DataClass.CONTACT, purposes=frozenset({Purpose.CARE}))},
            "@access(purposes:)",
        ),
        (
            ["agent"],
            {"purpose": Purpose.MARKETING, "standing": Standing(has_consent=False)},
            "purposes.MARKETING.consent",
        ),
        (["agent"], {"client": "app", "ceiling": NARROW}, "clients.app.classes"),
        (["agent"], {"ceiling": NARROW}, "scopes"),
    ],
    ids=str,
)
def test_the_entry_that_decides_is_named(roles, more, where):
    assert entry(*roles, **more) == where


def test_an_action_that_needs_a_fresh_factor_is_in_the_assurance_table():
    matrix = a_matrix(
        {"agent": some_rights()},
        assurances=MATRIX.assurances,
    )
    rights = matrix.roles["agent"]
    given = type(rights.given)({Action.REVEAL: frozenset({DataClass.CONTACT})})
    matrix.roles["agent"] = type(rights)(given)
    question = a_question(
        somebody("agent"), CONTACT, matrix, action=Action.REVEAL, assurance=FACTOR
    )

    found = explain(question)

    assert found.entry == "assurance.actions"
    assert found.helps == ("a second factor of just now",)


@pytest.mark.parametrize(
    ("roles", "more", "told"),
    [
        (["agent"], {}, ()),
        (["partner"], {}, ("a live conversation with the customer",)),
        (["supervisor"], {"assurance": PASSWORD}, ("a second factor at sign-in",)),
        (["agent"], {"purpose": Purpose.RESEARCH}, ("the purpose SERVICE",)),
        (["agent"], {"ceiling": NARROW}, ("a client or a token without this ceiling",)),
        (
            ["agent"],
            {"purpose": Purpose.MARKETING, "standing": Standing(has_consent=False)},
            ("the purpose SERVICE", "the customer's consent to MARKETING"),
        ),
        (
            ["supervisor"],
            {"assurance": PASSWORD, "ceiling": NARROW},
            ("a second factor at sign-in and a client or a token without this ceiling",),
        ),
        (["agent"], {"action": Action.EXPORT}, ()),
        (
            ["partner"],
            {"action": Action.EXPORT, "standing": Standing(Relation.CONVERSATION)},
            (),
        ),
    ],
    ids=str,
)
def test_what_would_give_more_is_told(roles, more, told):
    found = helps(*roles, **more)

    assert set(told) <= set(found)
    assert bool(found) is bool(told)


@pytest.mark.parametrize(
    ("roles", "name", "more", "where"),
    [
        (["agent"], "profile", {}, "operations.profile"),
        (["agent"], "profiles", {}, "operations.profiles"),
        (["supervisor"], "profiles", {"assurance": PASSWORD}, "roles.supervisor.second_factor"),
        (["agent"], "profile", {"ceiling": NARROW}, "scopes"),
    ],
)
def test_the_entry_that_decides_a_root_field_is_named(roles, name, more, where):
    assert explain_operation(name, an_asking(somebody(*roles), MATRIX, **more)).entry == where


def test_the_ceiling_of_a_client_and_a_fresh_factor_are_named_for_root_fields():
    asking = an_asking(somebody("agent", client="app"), MATRIX, ceiling=NARROW)
    fresh = a_matrix(
        {"agent": READS},
        {"profile": frozenset({"agent"})},
        assurances=Assurances(fresh_operations=frozenset({"profile"})),
    )

    found = explain_operation("profile", an_asking(somebody("agent"), fresh, FACTOR))

    assert explain_operation("profile", asking).entry == "clients.app.operations"
    assert (found.entry, found.helps) == ("assurance.operations", ("a second factor of just now",))


def test_what_is_hidden_says_whether_by_name_or_because_the_role_hides():
    asking = an_asking(somebody("partner"), MATRIX)

    found = explain_hidden(asking, "Profile.name")

    assert found.entry == 'roles.partner.fields."Profile.name"'
    assert explain_hidden(asking, "Profile.gender").entry == "roles.partner.hides"
    assert (found.decision.effect, found.decision.code) == (Effect.HIDE, "BAD_INPUT")


def test_hidden_are_the_fields_and_root_fields_that_every_role_hides():
    labels = {"Profile.name": PUBLIC, "Identity.value": CONTACT}
    names = {"Profile.name": "Profile.name", "Identity.value": "Identity.value"}

    partner = hidden_from(an_asking(somebody("partner"), MATRIX), labels, names, MATRIX.operations)
    both = hidden_from(
        an_asking(somebody("partner", "agent"), MATRIX), labels, names, MATRIX.operations
    )

    assert (partner.fields, partner.operations) == ({"Profile.name"}, {"profile", "profiles"})
    assert bool(partner)
    assert not both


def test_consent_is_supposed_where_the_purpose_asks_for_none():
    free, bound = (
        an_asking(somebody("partner"), MATRIX, purpose=purpose)
        for purpose in (Purpose.SERVICE, Purpose.MARKETING)
    )

    assert supposed(free, Relation.NONE, has_consent=False) == Standing()
    assert supposed(bound, Relation.NONE, has_consent=True) == Standing()
    assert supposed(bound, Relation.BREAK_GLASS, has_consent=False) == Standing(
        Relation.BREAK_GLASS, has_consent=False
    )


def test_a_right_that_some_role_may_have_is_one_that_is_known():
    asking = an_asking(somebody("agent", "king"), MATRIX)

    assert may_ever(asking, Action.READ, CONTACT, "Identity.value")
    assert not may_ever(asking, Action.WRITE, CONTACT, "Identity.value")
    reserved = Label(DataClass.CONTACT, frozenset({"service"}))
    assert not may_ever(asking, Action.READ, reserved, None)
