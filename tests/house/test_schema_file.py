from graph.schema import base_sdl
from tests.house.tree import ROOT


def test_the_schema_file_says_what_the_code_says():
    written = (ROOT / "schema.graphql").read_text(encoding="utf-8")

    assert written == base_sdl().rstrip("\n") + "\n", "stale: run `make schema`"
