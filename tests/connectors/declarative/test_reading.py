import pytest

from connectors.declarative.reading import MAX_BYTES, Place, WrongFile, read_file, read_text


def test_a_file_is_plain_data_with_the_place_of_everything():
    content = read_text(b"a: 1\nb:\n  - x\n  - {c: true, d: 2026-11-27}\n", "f.yaml")

    assert content.data == {"a": 1, "b": ["x", {"c": True, "d": "2026-11-27"}]}
    assert content.places["b", 1, "c"] == Place(4, 6)
    assert content.places["b", 0] == Place(3, 5)


@pytest.mark.parametrize("said", ['!!int ""', "!!float .", "!!bool ''", "!!int 0x", "!!int '-'"])
def test_what_its_tag_belies_is_a_text(said):
    content = read_text(f"a: {said}\n".encode(), "f.yaml")

    assert isinstance(content.data["a"], str)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "f.yaml: is empty"),
        (b"a: [1\nb: 2\n", "f.yaml:2:2: expected"),
        (b"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: `a` is here twice"),
        (b"a: &x [1]\nb: *x\n", "f.yaml:2:4: aliases aren't read here"),
        (b"a: !!python/name:os.system x\n", "f.yaml:1:4: no tags here"),
        (b"a: !!binary aGk=\n", "f.yaml:1:4: no tags here"),
        (b"? [1, 2]\n: 3\n", "f.yaml:1:3: a key must be a name"),
        (b"\xff\xfe\x00", "f.yaml: isn't a text in YAML"),
        (b"[" * 5_000, "f.yaml: isn't a text in YAML"),
    ],
)
def test_what_is_no_plain_data_is_refused_with_its_place(text, told):
    with pytest.raises(WrongFile) as raised:
        read_text(text, "f.yaml")

    assert str(raised.value).startswith(told)


def test_a_file_that_is_not_there_or_too_long_is_refused(tmp_path):
    (tmp_path / "long.yaml").write_bytes(b"#" * (MAX_BYTES + 1))

    for name, told in (("no.yaml", "No such file or directory"), ("long.yaml", "is longer than")):
        with pytest.raises(WrongFile, match=told):
            read_file(tmp_path / name)
