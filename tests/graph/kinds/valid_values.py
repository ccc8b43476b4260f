"""What clients may send for each kind, and what the definition of such a field says."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import strategies as st

from graph.kinds.currencies import CURRENCIES
from graph.model.custom_field import Facets

FACETS = Facets(choices=("gold", "silver", "very good", "7", "1.5"))

_LETTERS = ["Lu", "Ll", "Lt", "Lm", "Lo"]
_MARKS = ["Mn", "Mc", "Me"]
_labels = st.text("abcXYZ0189", min_size=1, max_size=8)
_hosts = st.lists(_labels, min_size=2, max_size=3).map(".".join)
_signs = st.sampled_from(["", "-"])


def _plain(whole, fraction):
    """The text of a decimal, with zeros that don't count."""
    return f"{whole}.{fraction}" if fraction else whole


_decimals = st.builds(
    str.__add__,
    _signs,
    st.builds(
        _plain,
        st.text("0123456789", min_size=1, max_size=14),
        st.text("0123456789", max_size=20),
    ),
)
_money = st.fixed_dictionaries(
    {"amount": _decimals, "currency": st.sampled_from(["EUR", "USD", *sorted(CURRENCIES)])}
)
_offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_instants = st.datetimes(
    datetime.fromisoformat("0001-01-03"),
    datetime.fromisoformat("9999-12-29"),
    timezones=st.just(UTC) | _offsets,
)
_places = st.fixed_dictionaries(
    {"latitude": st.floats(-90, 90), "longitude": st.floats(-180, 180) | st.integers(-180, 180)}
)

VALID = {
    "STRING": st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\t\n")),
    "NAME": st.builds(
        " ".join,
        st.lists(
            st.text(st.characters(categories=[*_LETTERS, "Nd", "Pd", "Po"]), min_size=1, max_size=9)
            | st.sampled_from(
                ["Zoë", "J̌an", "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "O'Neil", "Ångström"]
            ),
            min_size=1,
            max_size=4,
        ),
    ),
    "ALPHANUMERIC": st.text(
        st.characters(categories=[*_LETTERS, *_MARKS, "Nd"]), min_size=1, max_size=50
    ),
    "EMAIL": st.builds(
        "{}@{}".format,
        st.text("abcXYZ.+-_'0J\u030c\u0130\u00df", min_size=1, max_size=12),
        _hosts,
    ),
    "PHONE_NUMBER": st.integers(2_000_000, 9_999_999).map(lambda digits: f"(212) {digits}"),
    "URL": st.builds(
        "{}://{}{}{}".format,
        st.sampled_from(["http", "HTTPS", "ftp"]),
        _hosts | st.sampled_from(["[2001:DB8::7]", "192.0.2.7", "münchen.example", "\u0130x.y"]),
        st.sampled_from(["", ":8080", ":"]),
        st.text("abcXYZ/?#&=%2F@:\\;ü", max_size=20).map(lambda rest: rest and f"/{rest}"),
    ),
    "IP": st.ip_addresses().map(str) | st.ip_addresses(v=6).map(lambda ip: ip.exploded.upper()),
    "BOOLEAN": st.booleans(),
    "NUMBER": st.integers(-(2**53), 2**53) | st.floats(-(2.0**53), 2.0**53),
    "DECIMAL": _decimals | st.integers(-(10**34) + 1, 10**34 - 1),
    "MONEY": _money,
    "DATE": st.dates().map(date.isoformat),
    "DATETIME": _instants.map(datetime.isoformat),
    "CHOICE": st.sampled_from(FACETS.choices),
    "CHOICES": st.sampled_from(FACETS.choices),
    "GEO_POINT": _places,
    "REFERENCE": st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefgh", min_size=26, max_size=26),
}

# Values that are near each other, where the order of keys may go wrong.
NEAR = {
    "NUMBER": st.sampled_from([0, -0.0, 0.0, 1, 1.0, -1, 5e-324, -5e-324, 2**53, 2**53 - 1, 0.1]),
    "DECIMAL": st.builds(
        lambda sign, whole, places: sign + str(Decimal(whole).scaleb(-places)),
        _signs,
        st.integers(0, 120),
        st.integers(0, 3),
    )
    | st.integers(10**34 - 3, 10**34 - 1),
    "MONEY": st.fixed_dictionaries(
        {
            "amount": st.sampled_from(["1", "1.0", "-1", "-1.5", "10", "2", "0", "-0"]),
            "currency": st.sampled_from(["EUR", "USD"]),
        }
    ),
    "DATE": st.dates(date(999, 12, 25), date(1000, 1, 5)).map(date.isoformat),
    "DATETIME": st.builds(
        lambda micros, zone: (
            (datetime(1969, 12, 31, 23, 59, 59, 990_000, UTC) + timedelta(microseconds=micros))
            .astimezone(zone)
            .isoformat()
        ),
        st.integers(0, 20_000),
        _offsets,
    ),
}
