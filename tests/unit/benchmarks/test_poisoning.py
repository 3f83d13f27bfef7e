"""An intruder who raises his amounts by 5 % a day: how long he stays caught."""

from __future__ import annotations

import argparse

import pytest

from benchmarks.poisoning import fate

OPTIONS = argparse.Namespace(days=75, rate=1.05)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 10, 13])
def test_who_raises_his_amounts_slowly_is_caught_and_stays_caught(seed: int) -> None:
    """From the day on which he is far above the usual, to the last."""
    protected = fate(OPTIONS, 1.0, True, seed)

    assert protected.for_good is not None
    assert protected.for_good < 60


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 10])
def test_without_the_protection_what_he_takes_becomes_usual(seed: int) -> None:
    """Caught at most now and then: the test above measures the protection, not the intruder's clumsiness."""
    unprotected, protected = fate(OPTIONS, 4.0, False, seed), fate(OPTIONS, 4.0, True, seed)

    assert protected.caught > 0.8 * OPTIONS.days
    assert unprotected.caught < 0.3 * OPTIONS.days
