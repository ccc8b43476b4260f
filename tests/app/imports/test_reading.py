"""Files as they come: what is read of them, and what is refused."""

import io
import json

import pytest

from app.imports.column_map import read_column_map
from app.imports.csv_rows import CsvRows
from app.imports.errors import ImportTrouble
from app.imports.json_rows import JsonRows, profile_columns
from app.imports.targets import target_of
from graph.model.custom_field import CustomerSchema, FieldDefinition, FieldSource, SourceKind
from policies.classification import DataClass


def csv_rows(content: bytes, number: int = 0, offset: int = 0):
    return list(CsvRows(io.BytesIO(content)).rows(number, offset))


def json_rows(content: bytes, number: int = 0, offset: int = 0):
    return list(JsonRows(io.BytesIO(content), profile_columns).rows(number, offset))


def reasons(rows) -> list[str]:
    return ["; ".join(reason for _, reason in row.errors) for row in rows]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("delimiter", [b",", b";", b"\t"])
def test_csv_is_read_with_or_without_a_mark_and_with_any_delimiter(mark, end, delimiter):
    content = mark + delimiter.join([b"a", b"b"]) + end + delimiter.join([b'"x\ny"', b"2"]) + end

    [row] = csv_rows(content)

    assert row.columns == [("a", "x\ny"), ("b", "2")]
    assert (row.number, row.end, row.errors) == (1, len(content), ())


def test_reading_goes_on_behind_any_row_at_its_byte():
    content = 'a,b\n"é\n1",2\n\n3,4\n5,6'.encode()
    rows = csv_rows(content)

    for row in rows:
        assert csv_rows(content, row.number, row.end) == rows[row.number :]
    assert [row.number for row in rows] == [1, 2, 3]


def test_broken_rows_are_told_and_the_next_one_is_read():
    content = b'a,b\n1\n1,2,3\n\xff,2\n1,\0\n"x"y,2\n3,4\n"open,5\n'

    rows = csv_rows(content)

    assert reasons(rows) == [
        "expected 2 cells, found 1",
        "expected 2 cells, found 3",
        "this isn't UTF-8 text; what can't be read is shown as \ufffd",
        "a NUL can't be imported",
        "quotes don't match, or a cell is longer than 1 MB",
        "",
        "quotes don't match, or a cell is longer than 1 MB",
    ]
    assert rows[1].data == {"a": "1", "b": "2", "": ["3"]}
    assert rows[4].data == '"x"y,2\n'


def test_a_cell_longer_than_a_megabyte_is_a_bad_row():
    rows = csv_rows(b"a,b\n" + b"x" * 1_000_001 + b",2\n3,4\n")

    assert reasons(rows) == ["quotes don't match, or a cell is longer than 1 MB", ""]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfea\x00", b"a\0,b\n"])
def test_a_file_that_does_not_begin_with_names_is_refused(content):
    with pytest.raises(ImportTrouble, match="column names"):
        CsvRows(io.BytesIO(content))


def test_a_line_without_an_end_and_a_name_that_stands_twice_are_refused():
    with pytest.raises(ImportTrouble, match="longer than 4 MB"):
        csv_rows(b"a\n" + b"x" * 4_000_001)
    with pytest.raises(ImportTrouble, match="'a'"):
        CsvRows(io.BytesIO(b"a,b,a\n"))


def test_json_lines_and_an_array_are_read_alike_and_from_any_row_on():
    rows = [{"name": {"given": "Zoë"}}, {"custom": {"tier": 'x"]},{'}}, {"gender": "f"}]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    array = b" " + json.dumps(rows, indent=1).encode()

    for content in (lines, array):
        found = json_rows(content)
        assert [row.columns for row in found] == [
            [("name.given", "Zoë")],
            [("custom.tier", 'x"]},{')],
            [("gender", "f")],
        ]
        for row in found:
            assert json_rows(content, row.number, row.end) == found[row.number :]


def test_lines_that_are_no_rows_are_told_and_the_next_one_is_read():
    content = b'{"a": 1\n[1]\n\xff\n{"identities": [{"channel": "EMAIL"}]}\n\n{"a": 1}\n'

    rows = json_rows(content)

    assert reasons(rows) == [
        "this isn't JSON",
        "expected an object",
        "this isn't UTF-8 text; what can't be read is shown as \ufffd",
        "expected objects with channel and value",
        "",
    ]


@pytest.mark.parametrize("content", [b'[{"a": 1} {"a": 2}]', b'[{"a": 1}', b'[{"a": 1}, nothing]'])
def test_an_array_that_is_cut_off_stops_the_import_behind_its_last_row(content):
    with pytest.raises(ImportTrouble, match="behind row 1"):
        json_rows(content)


def test_a_dead_letter_is_read_as_the_row_it_holds():
    line = json.dumps({"row": 7, "errors": [], "data": {"gender": "f"}}).encode()

    [row] = json_rows(line)

    assert row.columns == [("gender", "f")]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("birthdate", "birthDate"),
        ("identities.EMIAL", "identities.EMAIL"),
        ("custom.teir", "custom.tier"),
        ("email", "identities.EMAIL"),
        ("given", "name.given"),
        ("zzz", "custom.KEY"),
    ],
)
def test_an_unknown_target_names_the_nearest_one(name, nearest):
    schema = schema_with(key="tier")

    with pytest.raises(ImportTrouble, match=nearest):
        target_of(name, schema)


def test_a_field_that_a_crm_owns_is_no_target():
    source = FieldSource(SourceKind.LIVE, "crm", "contacts", "loyalty")

    with pytest.raises(ImportTrouble, match="owned by crm"):
        target_of("custom.tier", schema_with(key="tier", source=source))


def schema_with(**parts) -> CustomerSchema:
    given = {"id": "1", "label": "x", "kind": "STRING", "data_class": DataClass.BEHAVIOURAL}
    return CustomerSchema(1, (FieldDefinition(**given, **parts),))


@pytest.mark.parametrize(
    "text", ["a = [", "a = 1", "[columns]\nx = 1", "[columns]\n[more]", "\xff"]
)
def test_a_map_that_says_something_else_is_refused(tmp_path, text):
    path = tmp_path / "map.toml"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(ImportTrouble, match=r"map\.toml"):
        read_column_map(path)
