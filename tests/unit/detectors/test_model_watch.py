"""Drift of what models see, and the challenger beside the champion."""

from __future__ import annotations

import random

import pytest

from detectors.models.features import transfer
from detectors.models.learner import Learner, Record
from detectors.models.watch import Loss, Watch
from tests.support.events import DAY, NOON, verdict

pytestmark = pytest.mark.slow

T0 = NOON.timestamp()


def record(n: int, usd: float, own: float = 0.0) -> Record:
    return Record(f"e{n}", 1, T0 + n, "transfer", (usd, own, own) + (0.0,) * (len(transfer.NAMES) - 3))


def watched() -> tuple[Learner, Watch]:
    learner = Learner()
    watch = Watch(learner.models)
    learner.learned = watch.truth
    learner.take(record(-1, 100.0))
    learner.verdict(verdict("e-1", DAY, "fraud", "exchange"))  # type: ignore[arg-type]
    return learner, watch


def test_a_feature_that_changes_is_named_and_the_others_are_not() -> None:
    """Amounts grow a hundredfold; how they compare with their owners' stays."""
    _, watch = watched()
    dice = random.Random(1)
    for n in range(20_000):
        watch.row(record(n, dice.lognormvariate(4.0 if n < 10_000 else 8.6, 0.5), dice.gauss(0, 1)))

    assert watch.drifts["transfer", "usd"] >= 1
    assert watch.drifts["transfer", "own"] == 0


def test_both_are_measured_on_what_they_have_not_learned_yet() -> None:
    """What can't be told apart costs both what chance costs; what can, less and less."""
    learner, watch = watched()
    dice = random.Random(2)
    for n in range(600):
        fraud = dice.random() < 0.5
        learner.take(record(n, 100.0, 5.0 if fraud else 0.0))
        learner.verdict(verdict(f"e{n}", DAY, "fraud" if fraud else "genuine", "exchange"))  # type: ignore[arg-type]

    champion, challenger = watch.losses["transfer", "champion"], watch.losses["transfer", "challenger"]
    assert champion.mean < 0.5
    assert challenger.mean > champion.mean
    assert watch.challengers["transfer"].frauds > 100


def test_a_loss_fades() -> None:
    """What a model got wrong long ago is forgiven."""
    loss = Loss()
    loss.add(-10.0, True, 1.0)
    before = loss.mean
    for _ in range(20_000):
        loss.add(10.0, True, 1.0)

    assert before == pytest.approx(10.0, abs=0.01)
    assert loss.mean < 0.01
