"""Opening one masked field: only what is shown as a mask at least, and only by its own right."""

from hypothesis import given
from hypothesis import strategies as st

from policies.asking import Assurance
from policies.classification import DataClass, Label
from policies.decision import Action, Decision, Effect
from policies.matrix import Given, Rights
from policies.opening import decide_opening, opened
from policies.plan import AccessPlan, Scope, decide
from policies.reveal import reveal_value
from tests.policies.questions import a_matrix, a_question, decisions, somebody

CONTACT = Label(DataClass.CONTACT)
OUTER, FIELD, BESIDE = "Profile.identities", "Identity.value", "Profile.gender"
PATH = (OUTER, FIELD)
SCOPE = Scope("shop")
REVEALING = a_matrix(
    {"agent": Rights(Given({Action.REVEAL: frozenset({DataClass.CONTACT})}))},
)
MAY = a_question(somebody("agent"), CONTACT, REVEALING, Action.REVEAL)
MAY_NOT = a_question(somebody("partner"), CONTACT, REVEALING, Action.REVEAL)


@given(st.dictionaries(st.sampled_from([OUTER, FIELD, BESIDE]), decisions))
def test_nothing_that_is_withheld_can_be_opened_whatever_the_right(held):
    plan = AccessPlan(SCOPE, held)

    decision = decide_opening(MAY, PATH, plan)

    is_shown = all(plan.effect(one) is not Effect.DENY for one in PATH)
    assert decision.is_denied is not is_shown


@given(st.fixed_dictionaries(dict.fromkeys(PATH, decisions)))
def test_nothing_can_be_opened_without_the_right_whatever_is_shown(held):
    assert decide_opening(MAY_NOT, PATH, AccessPlan(SCOPE, held)).is_denied


def test_a_field_that_nobody_planned_can_not_be_opened():
    assert decide_opening(MAY, PATH, AccessPlan(SCOPE, {})).is_denied


def test_what_is_withheld_says_why_it_can_not_be_opened():
    why = Decision(Effect.DENY, "because", "STEP_UP_REQUIRED")
    shown = Decision(Effect.MASK, "shown")

    assert decide_opening(MAY, PATH, AccessPlan(SCOPE, {OUTER: shown, FIELD: why})) is why


@given(
    st.fixed_dictionaries(dict.fromkeys((OUTER, FIELD, BESIDE), decisions)),
    st.text(min_size=1),
)
def test_the_plan_that_opens_a_field_gives_it_in_clear_and_nothing_beside_its_path(held, value):
    allowed = decide(MAY)

    plan = opened(AccessPlan(SCOPE, held), PATH, allowed)

    assert allowed.effect is Effect.ALLOW
    assert reveal_value(value, FIELD, plan) == value
    assert reveal_value(value, BESIDE, plan) is None
    assert plan.decisions.keys() == set(PATH)
    assert plan.scope == SCOPE


def test_as_shipped_it_takes_a_second_factor_of_just_now():
    codes = {}
    for assurance in Assurance:
        question = a_question(somebody("agent"), CONTACT, action=Action.REVEAL, assurance=assurance)
        decision = decide(question)
        codes[assurance] = decision.code if decision.is_denied else None

    assert codes == {
        Assurance.PASSWORD: "STEP_UP_REQUIRED",
        Assurance.SECOND_FACTOR: "STEP_UP_REQUIRED",
        Assurance.FRESH_SECOND_FACTOR: None,
    }
