from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import vendors
from connectors.declarative.reading import WrongFile
from tests.connectors.declarative.files import SMALL, document_of

REQUEST = '{to: GET /people, query: {ids: "${keys => csv}"}}'


SIGNED = "webhook: {object: a, id: b, signature: {header: X-Sig, over: [OVER]}}\nping:"


def signed(over, timestamp=None):
    """Lines that have a webhook's signature over these."""
    told = SIGNED.replace("OVER", over)
    return told.replace("]}", f"], timestamp: {timestamp}}}") if timestamp else told


def test_a_sound_file_is_a_document():
    assert document_of(SMALL).objects.keys() == {"people"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("select", "selct", "10:7: no such key: `selct`; did you mean `select`?"),
        ("ping", "pong", "3:1: no such key: `pong`; did you mean `ping`?"),
        ("bearer", "baerer", "2:8: no such key: `baerer`; did you mean `bearer`?"),
        ("id: id", "id: id[", "6:5: `id[` is no JMESPath"),
        ("id: id", 'id: "`ada`"', "6:5: ``ada`` is no JMESPath"),
        ("${keys =>", "${kyes =>", "9:42: nothing is called `kyes` here; did you mean `keys`?"),
        ("=> csv", "=> cvs", "9:42: no such encoding: `cvs`; did you mean `csv`?"),
        ("keys => csv}", "keys => csv", "9:42: a `${` has no `}`"),
        ("${secret}", "sk-123456", "2:1: the secret stands in no file: write ${secret}"),
        ("GET /people", "FETCH /people", "9:17: expected `METHOD /path`"),
        (
            "ping: {to: GET /me}",
            "limits: {lanes: {reads: []}}\nping: {to: GET /me, lane: read}",
            "4:21: nothing is called `read` here; did you mean `reads`?",
        ),
        ("GET /people", "GET https://evil.example/", "9:17: a path begins with one `/`"),
        ("GET /people", '"GET /people/${id["', "9:17: a `${` has no `}`"),
        ("GET /people", '"GET /people/${id[}"', "9:17: `id[` is no JMESPath"),
        ("GET /people", "GET //evil.example/", "9:17: a path begins with one `/`"),
        ("GET /people", '"GET /people?all=1"', "9:17: a path begins with one `/`"),
        ("id: {match: id}", "id: {}", "12:9: `match` is needed"),
        ("id: {match: id}", "code: {match: id}", "11:7: a kind of key named `id` is needed"),
        ("{match: id}", "{match: id, by_position: true}", "12:9: expected `match` or"),
        ("{match: id}", "{match: id, type: number}", "12:25: input should be 'text' or 'integer'"),
        ("{match: id}", "{match: id, form: '['}", "12:25: no regular expression"),
        ("{match: id}", "{match: id, batch: 0}", "12:25: input should be greater than or equal"),
        ("{match: id}", "{match: id, missing: {status: 404}}", "12:9: `missing` needs `batch: 1`"),
        ("people:\n", "a/b:\n", "5:3: string should match pattern"),
        (
            "ping: {to: GET /me}",
            "ping: {to: GET /me, headers: {Host: x}}",
            "3:31: `Host` is not for a file to say",
        ),
        (
            "ping:",
            "errors: [{status: 400, raise: BadPaylod}]\nping:",
            "3:24: no such error: `BadPaylod`; did you mean `BadPayload`?",
        ),
        (
            "ping:",
            "errors: [{raise: BadPayload}]\nping:",
            "3:10: expected `status`, `when` or both",
        ),
        (
            "ping:",
            "options: {region: Where}\nheaders: {X-Region: '${options.regoin}'}\nping:",
            "4:11: nothing is called `options.regoin` here; did you mean `options.region`?",
        ),
        ("ping: {to: GET /me}\n", "", "2:1: `ping` is missing"),
        ("ping:", "webhook: {object: a, id: b}\nping:", "3:1: expected `signature` or `expects`"),
        ("ping:", signed("method, url"), "3:56: expected `body` among these"),
        ("ping:", signed(""), "3:56: expected `body` among these"),
        ("ping:", signed("body", "X-Sent"), "3:56: expected `header:X-Sent` among these"),
        ("ping:", signed("'header:X-Sent'", "X-Sent"), "3:56: expected `body` among these"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_nearest_known_name(old, new, told):
    assert old in SMALL
    with pytest.raises(WrongFile) as raised:
        document_of(SMALL.replace(old, new, 1))

    assert str(raised.value).startswith(f"acme.yaml:{told}")


def test_a_record_with_an_etag_is_written_to_under_it():
    write = (
        "    etag: tag\n    write: {request: {to: 'PUT /people/${id}', json: '${values}'HEADERS}}\n"
    )
    minding = write.replace("HEADERS", ", headers: {If-Match: '${if_match}'}")

    assert document_of(SMALL + minding).objects["people"].write.minds_the_state
    with pytest.raises(WrongFile, match=r"with `etag`, expected `\${if_match}` in the request"):
        document_of(SMALL + write.replace("HEADERS", ""))


def test_a_signed_time_is_one_whatever_the_case_of_its_header():
    text = SMALL.replace("ping:", signed("'header:x-sent', body", "X-Sent"), 1)

    assert document_of(text).webhook.signature.timestamp == "X-Sent"


VENDORS = {
    file.name: file.read_text("utf-8")
    for folder in vendors.__path__
    for file in sorted(Path(folder).glob("*.yaml"))
}
PIECES = st.sampled_from(
    [
        *("${", "}", "=>", "!", "[", "]", "{", "*", "&a", "'", '"', "`", ": ", "- ", "\n", "  "),
        *("null", "1e999", "~", "!!int ", "secret", "keys", "id", "..", "\x00", "ü", "|", "?", "%"),
    ]
)


def told_of(text):
    """What is wrong with a file; None where nothing is."""
    try:
        document_of(text)
    except WrongFile as error:
        return str(error)
    return None


@given(
    text=st.sampled_from([SMALL, *VENDORS.values()]),
    cuts=st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(0, 12), PIECES), min_size=1, max_size=4
    ),
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_in_a_file_it_is_a_document_or_told_with_the_file_s_name(text, cuts):
    for at, length, piece in cuts:
        begin = at % len(text)
        text = text[:begin] + piece + text[begin + length :]

    told = told_of(text)

    assert told is None or told.startswith("acme.yaml")
