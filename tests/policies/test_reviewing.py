"""Judging an emergency: everybody else's, never one's own, whatever the role."""

from hypothesis import given
from hypothesis import strategies as st

from policies.principal import Principal
from policies.reviewing import decide_review
from tests.policies.questions import roles

SUBJECTS = st.sampled_from(["ada", "grace", "henry"])


@given(SUBJECTS, SUBJECTS | st.none(), roles)
def test_nobody_reviews_their_own_and_everybody_the_others(reviewer, declared_by, held):
    decision = decide_review(Principal("shop", reviewer, held), declared_by)

    assert decision.is_denied is (reviewer == declared_by)
    assert decision.code == "FORBIDDEN" or not decision.is_denied
