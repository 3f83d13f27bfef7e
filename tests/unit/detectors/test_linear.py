"""The linear model over grids, and River's that it stands for."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from detectors.models import linear
from detectors.models.grid import Cross, Encoder, Grid
from detectors.models.linear import Logistic

GRIDS = (Grid("size", "size", 0.0, 4.0, 0.5), Grid("times", "times", 0.0, 5.0, 0.5, log=True), Grid("side", "side", -1.0, 1.0, 0.25))
CROSSES = (Cross(0, 2, 2, 2),)


def rows(count: int) -> list[tuple[float, ...]]:
    dice = random.Random(3)
    return [(dice.uniform(-1, 6), dice.expovariate(0.1), dice.choice([math.nan, dice.gauss(0, 1)])) for _ in range(count)]


def test_a_value_is_shared_by_the_two_points_around_it() -> None:
    """1.6 lies a fifth of the way from 1.5 to 2."""
    places, parts = Encoder(GRIDS[:1], ()).encode((1.6,))

    assert places == [3, 4]
    assert parts == pytest.approx([0.8, 0.2])


@pytest.mark.parametrize("row", [(-1e300, -1e300, -5.0), (1e300, 1e300, 5.0), (math.inf, math.inf, -math.inf), (math.nan,) * 3])
def test_any_number_has_a_place(row: tuple[float, ...]) -> None:
    """Values beyond a grid count as its ends, missing ones activate nothing, and no place is beyond the model."""
    encoder = Encoder(GRIDS, CROSSES)
    places, parts = encoder.encode(row)

    assert all(0 <= place < encoder.size for place in places)
    assert all(0.0 <= part <= 1.0 for part in parts)
    assert sum(parts) == pytest.approx(0.0 if math.isnan(row[0]) else 4.0)


def test_every_place_belongs_to_a_feature_or_to_two() -> None:
    """So that a contribution has a name."""
    encoder = Encoder(GRIDS, CROSSES)

    assert {encoder.owner(place) for place in range(encoder.size)} == {(0,), (1,), (2,), (0, 2)}


@pytest.mark.slow
def test_it_is_rivers_logistic_regression_with_adagrad(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a thousand weighted steps the same log odds to nine digits; but for the decay, which River lets all weights suffer."""
    monkeypatch.setattr(linear, "DECAY", 0.0)
    from river.linear_model import LogisticRegression
    from river.optim import AdaGrad

    encoder, dice = Encoder(GRIDS, CROSSES), random.Random(5)
    ours = Logistic(encoder.size, intercept=-1.0)
    theirs: Any = LogisticRegression(optimizer=AdaGrad(linear.RATE), intercept_init=-1.0, intercept_lr=linear.INTERCEPT_RATE)
    for row in rows(1_000):
        sparse = encoder.encode(row)
        x = dict(zip(*sparse, strict=True))
        theirs_now = theirs._raw_dot_one(x)
        assert ours.logit(*sparse) == pytest.approx(theirs_now, abs=1e-9)
        fraud, weight = row[0] + dice.gauss(0, 1) > 4, dice.choice([1.0, 10.0])
        ours.learn(sparse, fraud, weight)
        theirs.learn_one(x, fraud, w=weight)


def test_a_held_weight_never_falls_below_its_bound() -> None:
    """Whatever the verdicts say, an alert doesn't lower risk."""
    model = Logistic(2, {1: 0.05})
    for _ in range(1_000):
        model.learn(([1], [3.0]), False, 10.0)

    assert model.weights[1] == 0.05
    assert model.weights[0] == 0.0


def test_what_is_seen_seldom_stays_near_nothing() -> None:
    """One fraud teaches a place; as genuine events come by that its other feature explains, what it learned from chance fades."""
    model = Logistic(2)
    model.learn(([0], [1.0]), True, 1.0)
    learned = model.weights[0]
    model.weights[1] = -35.0  # nothing is left to be learned from these
    for _ in range(200):
        model.learn(([0, 1], [1.0, 1.0]), False, 10.0)

    assert learned > 0.1
    assert model.weights[0] < learned / 2
