"""Becoming identified: what it takes, and what one gets."""

import pytest

from graph.model.channel import Channel
from graph.model.errors import BadValue
from graph.model.filter import Place
from graph.model.identity import Identity, IdentityName
from graph.model.lifecycle import Promotion, RequiredField, proves_who, says_who
from graph.model.profile import ProfilePatch
from graph.model.search import BY_STATE, Findable

SLOT = Place("t1", "f1")
CLAIM = {"f1": (IdentityName("field:f1", "basic"),)}
TIER = RequiredField("tier", "f1", "basic", Findable({SLOT: ("basic",)}, CLAIM, frozenset({"f1"})))
SEGMENT = RequiredField("segment", "f2")
BOTH = Promotion((TIER, SEGMENT))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name.given": "Ada"}, True),
        ({"name.family": "Lovelace"}, True),
        ({"birth_date": object()}, True),
        ({"links": (object(),)}, True),
        ({"name.given": None, "links": ()}, False),
        ({"gender": "female", "language": "en"}, False),
        ({}, False),
    ],
)
def test_a_name_a_date_of_birth_or_a_record_tells_who_somebody_is(changes, says):
    assert says_who(changes) is says


@pytest.mark.parametrize(
    ("verified", "shared", "proves"),
    [(True, False, True), (True, True, False), (False, False, False), (None, None, False)],
)
def test_a_verified_identity_of_ones_own_tells_who_somebody_is(verified, shared, proves):
    identity = Identity(channel=Channel.X, value="ada", verified=verified, shared=shared)

    assert proves_who(identity) is proves


def test_who_is_identified_gets_the_defaults_of_required_fields():
    patch = ProfilePatch({"name.given": "Ada"}, {"f2": "b2b"})

    then = BOTH.applied(patch, {})

    assert then.changes == {"name.given": "Ada", "state": "IDENTIFIED"}
    assert then.custom == {"f1": "basic", "f2": "b2b"}
    assert then.found.search == {SLOT: ("basic",), BY_STATE: ("IDENTIFIED",)}
    assert (then.found.claims, then.found.sealed) == (CLAIM, {"f1"})


def test_what_somebody_has_already_stays():
    then = BOTH.applied(ProfilePatch(), {"f1": "gold", "f2": "b2c"})

    assert then.custom == {}
    assert then.found == Findable({BY_STATE: ("IDENTIFIED",)})


@pytest.mark.parametrize(("custom", "given"), [({}, {}), ({"f2": "b2b"}, {"f2": None})])
def test_nobody_is_identified_who_lacks_what_is_required(custom, given):
    with pytest.raises(BadValue) as refusal:
        BOTH.applied(ProfilePatch({}, given), custom)

    assert refusal.value.field == "custom.segment"
    assert BOTH.is_possible(custom) is bool(custom)
