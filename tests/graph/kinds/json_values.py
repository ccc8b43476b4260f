"""Anything a client or a CRM can send."""

from hypothesis import strategies as st

_texts = st.one_of(
    st.text(),
    st.text("0123456789-+.eE_T:Z ", max_size=30),
    st.text(st.characters(categories=["Nd", "No", "Nl", "Cs", "Cc", "Cf"]), max_size=20),
    st.sampled_from(["true", "FALSE", "nan", "-inf", "Infinity", "1e999", "\u00b2", "9" * 5000]),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.dates().map(lambda day: day.isoformat()),
)
_numbers = st.one_of(
    st.integers(),
    st.integers(-(2**54), 2**54),
    st.sampled_from([10**400, -(10**400), 2**53, 2**53 + 1, 2**63, -(2**63)]),
    st.floats(),
)

scalars = st.none() | st.booleans() | _numbers | _texts
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
