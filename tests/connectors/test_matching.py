import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Key, Record
from connectors.errors import BadPayload
from connectors.runtime.matching import Answer, by_name, one_kind, strangers

NAMES = st.frozensets(st.sampled_from("abcd"), max_size=3)
RECORDS = st.sampled_from([Record("1", {}), Record("2", {}), BadPayload("crm", "malformed")])
ANSWERS = st.lists(st.builds(Answer, NAMES, RECORDS), max_size=6)


@settings(deadline=None)
@given(ANSWERS)
def test_a_name_stands_for_its_only_record_and_for_no_one_of_several(answers):
    found = by_name("crm", answers)

    for name in "abcd":
        ids = {getattr(one.record, "id", None) for one in answers if name in one.names}
        if len(ids) == 1 and None not in ids:
            assert found[name].id in ids
        elif ids:
            assert isinstance(found[name], BadPayload)
        else:
            assert name not in found


def test_one_record_that_comes_twice_is_still_one():
    twice = [Answer(frozenset("a"), Record("1", {})), Answer(frozenset("a"), Record("1", {}))]

    assert by_name("crm", twice) == {"a": Record("1", {})}


def test_strangers_bear_no_asked_name():
    known, stranger = (Answer(frozenset(names), Record(names, {})) for names in ("ab", "cd"))

    assert strangers([known, stranger], {"a", "x"}) == [stranger]


def test_the_kind_of_keys_is_shared_by_all():
    assert one_kind([Key("id", "1"), Key("id", "2")], 2) == "id"


@pytest.mark.parametrize(
    "keys", [[], [Key("id", "1"), Key("code", "1")], [Key("id", str(n)) for n in range(3)]]
)
def test_keys_that_break_the_contract_are_refused(keys):
    with pytest.raises(ValueError, match="1 to 2 keys, all of one kind"):
        one_kind(keys, 2)
