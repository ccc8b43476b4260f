"""Every breakage can still be made: `make mutants` says whether each is noticed."""

import pytest

from tests.house.tree import ROOT
from tests.mutants.breakages import BREAKAGES
from tests.mutants.trial import Verdict, verdict_of


def test_there_are_a_hundred_breakages_and_each_has_a_name():
    assert len(BREAKAGES) >= 100
    assert len({one.name for one in BREAKAGES}) == len(BREAKAGES)


def test_every_breakage_fits_the_code_as_it_is():
    assert [one.name for one in BREAKAGES if not one.fits(ROOT)] == []


def test_every_breakage_changes_something():
    assert [one.name for one in BREAKAGES if one.old == one.new] == []


def test_the_tests_that_must_notice_are_there():
    named = {test for one in BREAKAGES for test in one.caught_by}

    assert [test for test in sorted(named) if not _is_there(test)] == []


@pytest.mark.parametrize(
    ("code", "told", "verdict"),
    [
        (1, "FAILED tests/a.py::b\n1 failed, 2 passed in 0.5s", Verdict.CAUGHT),
        (1, "1 failed in 0.5s", Verdict.CAUGHT),
        (0, "3 passed in 0.5s", Verdict.SURVIVED),
        (1, "ERROR tests/a.py::b\n2 passed, 1 error in 0.5s", Verdict.BROKEN),
        (2, "1 error in 0.5s", Verdict.BROKEN),
        (5, "no tests ran in 0.1s", Verdict.BROKEN),
        (-9, "", Verdict.BROKEN),
    ],
)
def test_only_a_test_that_fails_has_noticed(code, told, verdict):
    assert verdict_of(code, told) is verdict


def _is_there(test: str) -> bool:
    file, _, name = test.partition("::")
    path = ROOT / "tests" / file
    return path.is_file() and f"def {name}" in path.read_text(encoding="utf-8")
