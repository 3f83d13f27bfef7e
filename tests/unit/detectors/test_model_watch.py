"""Drift of what models see."""

from __future__ import annotations

import random

import pytest

from detectors.models.families import FAMILIES
from detectors.models.features import transfer
from detectors.models.learner import Record
from detectors.models.supervised import Supervised
from detectors.models.watch import Watch
from domain.events import Transfer
from tests.support.events import NOON

pytestmark = pytest.mark.slow

T0 = NOON.timestamp()


def record(n: int, usd: float, own: float = 0.0) -> Record:
    return Record(f"e{n}", 1, T0 + n, "transfer", (usd, own, own) + (0.0,) * (len(transfer.NAMES) - 3))


def test_a_feature_that_changes_is_named_and_the_others_are_not() -> None:
    """Amounts grow a hundredfold; how they compare with their owners' stays. What was found is told after a restart too."""
    watch = Watch({"transfer": Supervised(FAMILIES[Transfer])})
    dice = random.Random(1)
    for n in range(20_000):
        watch.row(record(n, dice.lognormvariate(4.0 if n < 10_000 else 8.6, 0.5), dice.gauss(0, 1)))

    again = Watch({})
    again.restore(watch.export())

    assert watch.drifts["transfer", "usd"] >= 1
    assert watch.drifts["transfer", "own"] == 0
    assert T0 + 10_000 < watch.drifted_at["transfer", "usd"] < T0 + 20_000
    assert again.drifts == watch.drifts
    assert again.drifted_at == watch.drifted_at
