"""Who changes things in tests that work below GraphQL."""

from graph.model.provenance import Author

TESTER = Author("tester", "tests")
