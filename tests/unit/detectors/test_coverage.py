"""docs/coverage.md names every detector, and every rule of the catalogue that it compares with."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.support.registry import loaded

TEXT = (Path(__file__).parents[3] / "docs" / "coverage.md").read_text(encoding="utf-8")
OWN, OTHERS = TEXT.split("## Against tirreno's rules")
RULES = re.findall(r"^\| ([A-Z]\d\d) \| ([^|]+) \| (\w+) \| (.+) \|$", OTHERS, re.MULTILINE)
LETTERS = {"A": 8, "B": 26, "C": 16, "D": 13, "E": 30, "I": 13, "P": 4, "R": 3}
"""The highest number under each letter; E18 was never given out."""


def test_each_detector_has_its_row() -> None:
    """And there is no row for what isn't there."""
    assert sorted(re.findall(r"^\| `(\w+)` \|", OWN, re.MULTILINE)) == sorted(loaded().entries)


def test_each_rule_of_the_catalogue_is_answered() -> None:
    """A hundred and twelve, each once."""
    expected = {f"{letter}{n:02}" for letter, last in LETTERS.items() for n in range(1, last + 1)} - {"E18"}

    assert Counter(rule for rule, *_ in RULES) == Counter(expected)
    assert len(RULES) == 112


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "name", "covered", "how"), RULES, ids=[rule for rule, *_ in RULES])
def test_an_answer_names_what_there_is(rule: str, name: str, covered: str, how: str) -> None:
    """What covers it is a detector or a story; `as X` points at a row that says why."""
    named = re.findall(r"`(\w+)`", how)
    assert set(named) <= set(loaded().entries) if named else how
    assert covered in ("yes", "partly", "no")
    assert covered != "yes" or named
    for other in re.findall(r"^as ([A-Z]\d\d)", how):
        assert not next(text for id_, _, _, text in RULES if id_ == other).startswith("as ")
