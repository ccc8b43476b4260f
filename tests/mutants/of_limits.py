"""Limits of what one document may cost."""

from typing import Final

from tests.mutants.breakage import Breakage

_LIMITS: Final = (
    "graph/test_cost.py::test_a_document_may_have_as_much_as_a_limit_says_and_not_one_more",
)

OF_LIMITS: Final = (
    Breakage(
        "documents-may-be-deep",
        "graph/execution/cost.py",
        'yield "depth", max(_depths(blocks), default=0), limits.depth',
        'yield "depth", 0, limits.depth',
        _LIMITS,
    ),
    Breakage(
        "documents-may-have-many-aliases",
        "graph/execution/cost.py",
        'yield "aliases", counts.aliases, limits.aliases',
        'yield "aliases", 0, limits.aliases',
        _LIMITS,
    ),
    Breakage(
        "documents-may-be-wide",
        "graph/execution/cost.py",
        'yield "width", counts.width, limits.width',
        'yield "width", 0, limits.width',
        _LIMITS,
    ),
    Breakage(
        "documents-may-select-anything",
        "graph/execution/cost.py",
        'yield "selections", counts.selections, limits.selections',
        'yield "selections", 0, limits.selections',
        _LIMITS,
    ),
    Breakage(
        "documents-may-have-many-directives",
        "graph/execution/cost.py",
        'yield "directives", counts.directives, limits.directives',
        'yield "directives", 0, limits.directives',
        _LIMITS,
    ),
    Breakage(
        "directives-may-repeat",
        "graph/execution/cost.py",
        'yield "repeated directives", counts.repeated_directives, 1',
        'yield "repeated directives", 0, 1',
        _LIMITS,
    ),
    Breakage(
        "documents-may-have-many-root-fields",
        "graph/execution/cost.py",
        "max((widths[root] for root in roots), default=0), limits.root_fields",
        "0, limits.root_fields",
        _LIMITS,
    ),
    Breakage(
        "documents-may-expand",
        "graph/execution/cost.py",
        'yield "nodes", max(_weighed(blocks, None), default=0), limits.nodes',
        'yield "nodes", 0, limits.nodes',
        ("graph/test_cost.py",),
    ),
    Breakage(
        "introspection-may-expand",
        "graph/execution/cost.py",
        'yield "introspection", max(meta, default=0), limits.introspection',
        'yield "introspection", 0, limits.introspection',
        _LIMITS,
    ),
    Breakage(
        "fields-may-be-compared-for-ever",
        "graph/execution/cost.py",
        '    _compare("comparisons", compared, limits.comparisons)\n',
        "",
        _LIMITS,
    ),
    Breakage(
        "sizes-in-variables-count-nothing",
        "graph/execution/cost.py",
        '                    _compare("nodes", nodes[place], limits.nodes)\n',
        "                    pass\n",
        ("graph/test_cost.py::test_a_size_in_a_variable_counts_as_what_the_variable_says",),
    ),
    Breakage(
        "variables-hold-anything",
        "graph/execution/cost.py",
        '        _compare("values", count, limits.values)\n',
        "",
        ("graph/test_cost.py::test_variables_hold_a_thousand_values_at_most",),
    ),
    Breakage(
        "variables-may-be-deep",
        "graph/execution/cost.py",
        '        _compare("value depth", depth, limits.value_depth)\n',
        "",
        ("graph/test_cost.py::test_variables_are_32_deep_at_most",),
    ),
)
