"""The matrix as data: what it may say, and what keeps the gateway from starting."""

import pytest

from policies.classification import DataClass
from policies.decision import Action, Effect
from policies.errors import WrongMatrix
from policies.matrix import ROLES, Matrix
from policies.matrix_file import read_matrix
from tests.policies.questions import SHIPPED, some_rights

SMALL = """
version = 3
[roles.agent]
read = ["PUBLIC"]
mask = ["CONTACT"]
write = ["IDENTITY"]
filter = ["FINANCIAL"]
[roles.admin]
second_factor = true
[operations]
profile = ["agent", "admin"]
"""


@pytest.fixture
def written(tmp_path):
    """Reads a matrix from a text."""

    def read(text):
        path = tmp_path / "matrix.toml"
        path.write_text(text, encoding="utf-8")
        return read_matrix(path)

    return read


@pytest.fixture
def refusal(written):
    """What is said of a text that is no matrix."""

    def read(text):
        with pytest.raises(WrongMatrix) as refused:
            written(text)
        return str(refused.value)

    return read


def test_a_matrix_says_what_its_file_says(written):
    assert written(SMALL) == Matrix(
        3,
        {
            "agent": some_rights(
                read=[DataClass.PUBLIC],
                mask=[DataClass.CONTACT],
                write=[DataClass.IDENTITY],
                filter=[DataClass.FINANCIAL],
            ),
            "admin": some_rights(second_factor=True),
        },
        {"profile": frozenset({"agent", "admin"})},
    )


def test_each_action_has_a_list_of_its_own(written):
    agent = written(SMALL).roles["agent"]
    lists = {action: {item: agent.effect(action, item) for item in DataClass} for action in Action}
    loosened = {
        action: {item: effect for item, effect in effects.items() if effect is not Effect.DENY}
        for action, effects in lists.items()
    }

    assert {action: effects for action, effects in loosened.items() if effects} == {
        Action.READ: {DataClass.PUBLIC: Effect.ALLOW, DataClass.CONTACT: Effect.MASK},
        Action.WRITE: {DataClass.IDENTITY: Effect.ALLOW},
        Action.FILTER: {DataClass.FINANCIAL: Effect.ALLOW},
    }


def test_a_role_that_does_not_exist_is_refused(refusal):
    said = refusal(SMALL.replace("roles.agent", "roles.agnet"))

    assert said.startswith("unknown role: agnet; known: admin, agent, assistant,")


def test_a_data_class_that_does_not_exist_is_refused(refusal):
    said = refusal(SMALL.replace('"CONTACT"', '"CONTACTS"'))

    assert said.startswith(
        "unknown data class of mask of role agent: CONTACTS; known: BEHAVIOURAL,"
    )


def test_an_action_that_does_not_exist_is_refused(refusal):
    assert refusal(SMALL.replace("filter", "find")).startswith(
        "unknown entry of role agent: find; known: aggregate, break_glass, export, fields, filter,"
    )


def test_a_part_that_does_not_exist_is_refused(refusal):
    assert refusal(SMALL.replace("[operations]", "[operation]")) == (
        "unknown top-level entry: operation; known: assurance, clients, conversations, operations,"
        " purposes, roles, scopes, version"
    )


def test_an_operation_granted_to_a_role_that_does_not_exist_is_refused(refusal):
    assert refusal(SMALL.replace('"admin"]', '"boss"]')) == (
        "unknown role in operation profile: boss; known: admin, agent"
    )


def test_an_operation_granted_to_a_role_without_rights_is_refused(refusal):
    assert refusal(SMALL.replace('"admin"]', '"partner"]')) == (
        "unknown role in operation profile: partner; known: admin, agent"
    )


def test_a_class_that_is_both_read_and_masked_is_refused(refusal):
    both = 'mask = ["PUBLIC", "CONTACT", "IDENTITY"]\n'
    said = refusal(
        SMALL.replace('read = ["PUBLIC"]', 'read = ["PUBLIC", "IDENTITY"]').replace(
            'mask = ["CONTACT"]\n', both
        )
    )

    assert said == "role agent both reads and masks IDENTITY, PUBLIC"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version = 3", "", "version: expected a whole number"),
        ("version = 3", 'version = "3"', "version: expected a whole number"),
        ("version = 3", "version = true", "version: expected a whole number"),
        ('read = ["PUBLIC"]', 'read = "PUBLIC"', "read of role agent: expected a list"),
        ("= true", '= "no"', "second_factor of role admin: expected true or false"),
        ("= true", "= 1", "second_factor of role admin: expected true or false"),
        ('["agent", "admin"]', '"agent"', "profile: expected a list"),
        (
            '["agent", "admin"]',
            "[[]]",
            "unknown role in operation profile: []; known: admin, agent",
        ),
        ("[roles.admin]\nsecond_factor = true", "[roles]\nadmin = 1", "admin: expected a table"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(refusal, old, new, said):
    assert refusal(SMALL.replace(old, new)) == said


@pytest.mark.parametrize("part", ["roles", "operations"])
def test_a_matrix_without_one_of_its_parts_is_refused(refusal, part):
    parts = {
        "roles": "[roles.agent]\nread = []\n",
        "operations": "[operations]\nprofile = []\n",
    }
    del parts[part]

    assert refusal("version = 1\n" + "".join(parts.values())) == f"{part}: expected a table"


def test_a_file_that_is_not_toml_is_refused(refusal):
    assert refusal("version = ").startswith("matrix.toml is not TOML: ")


def test_the_shipped_matrix_has_every_role_and_no_other():
    assert (
        set(SHIPPED.roles)
        == ROLES
        == {
            *("agent", "supervisor", "reviewer", "evaluator", "admin"),
            *("privacy_officer", "assistant", "partner", "service"),
        }
    )


def test_only_these_shipped_roles_need_a_second_factor():
    asking = {role for role, rights in SHIPPED.roles.items() if rights.second_factor}

    assert asking == {"supervisor", "admin", "privacy_officer"}


def readers(data_class):
    """Who reads a class with the shipped matrix."""
    return {
        role
        for role, rights in SHIPPED.roles.items()
        if rights.effect(Action.READ, data_class) is Effect.ALLOW
    }


def test_recordings_are_for_reviewers_and_evaluators_alone():
    assert readers(DataClass.RECORDING) == {"reviewer", "evaluator"}


def test_conversations_are_not_for_agents_without_more():
    assert readers(DataClass.CONVERSATION) == {"supervisor", "reviewer", "evaluator"}


def test_contact_data_is_masked_for_agents():
    assert SHIPPED.roles["agent"].effect(Action.READ, DataClass.CONTACT) is Effect.MASK
    assert readers(DataClass.CONTACT) == {"supervisor", "privacy_officer", "service"}


def test_sensitive_data_is_for_the_privacy_officer_alone():
    assert readers(DataClass.SENSITIVE) == {"privacy_officer"}
    assert SHIPPED.roles["supervisor"].effect(Action.READ, DataClass.SENSITIVE) is Effect.MASK


def test_only_admins_define_fields():
    assert SHIPPED.operations["defineField"] == {"admin"}


def test_nobody_masks_or_denies_what_is_public():
    assert readers(DataClass.PUBLIC) == ROLES
