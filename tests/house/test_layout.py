from tests.house.tree import files

# The top level is the architecture: a new name here is a decision, not an accident.
TOP_LEVEL = {
    *("app", "graph", "connectors", "policies", "tests"),
    *("pyproject.toml", "schema.graphql", "README.md"),
    *("LICENSE", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile"),
    *("requirements.lock", "requirements-dev.lock"),
    *(".changes", ".ci", ".github", ".gitignore"),
}


def test_the_top_level_holds_only_what_belongs_there():
    assert {file.parts[0] for file in files()} - TOP_LEVEL == set()
