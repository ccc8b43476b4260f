import io
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import bson
import pytest
from bson.raw_bson import RawBSONDocument
from hypothesis import given
from hypothesis import strategies as st

from app.store.backup_file import Draft, check
from app.store.errors import BackupError


@given(st.data())
def test_any_cut_or_changed_byte_is_noticed(data: st.DataObject):
    whole = a_file()
    place = data.draw(st.integers(0, len(whole) - 2))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(BackupError):
        check(io.BytesIO(whole[:place]))
    with pytest.raises(BackupError):
        check(io.BytesIO(changed))
    assert check(io.BytesIO(whole)).documents == 3


def test_lines_that_were_added_exchanged_or_left_out_are_noticed():
    header, first, second, third, footer = a_file().splitlines(keepends=True)

    for lines in (
        [header, first, first, second, third, footer],
        [header, second, first, third, footer],
        [header, first, second, footer],
        [header, first, second, third, footer, footer],
        [header, first, second, third],
        [first, second, third, footer],
        [],
    ):
        with pytest.raises(BackupError):
            check(io.BytesIO(b"".join(lines)))


def test_a_complaint_about_a_file_names_the_line_and_no_value():
    header, first, *rest = a_file().splitlines(keepends=True)
    broken = b"".join([header, first.replace(b'{"c"', b'["c"'), *rest])

    with pytest.raises(BackupError) as refused:
        check(io.BytesIO(broken))

    assert refused.value.line == 2
    assert str(refused.value) == "line 2: is not JSON: the file was cut short or changed"


def test_a_file_of_a_newer_gateway_is_refused_as_such():
    newer = a_file().replace(b'"version":1', b'"version":2')

    with pytest.raises(BackupError, match="newer gateway"):
        check(io.BytesIO(newer))


@cache
def a_file() -> bytes:
    """The bytes of a backup of three documents."""
    with TemporaryDirectory() as place:
        draft = Draft(Path(place) / "all.jsonl", "shop")
        documents = [{"_id": f"t:{n}", "n": n} for n in range(3)]
        draft.add("people", [RawBSONDocument(bson.encode(document)) for document in documents])
        draft.finish()
        return (Path(place) / "all.jsonl").read_bytes()
