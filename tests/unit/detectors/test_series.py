"""The watch over one regular series."""

from __future__ import annotations

import random

from detectors.base import WARMING_UP
from detectors.models.series import QUIET, WARM, Series


def fed(values: list[float], every: float = 300.0) -> tuple[Series, list[float]]:
    """The series that has read them, and its scores from the first one on."""
    series, scores = Series(), []
    for number, value in enumerate(values):
        said = series.score_one(number * every, value)
        scores.append(said if isinstance(said, float) else -1.0)
        series.learn_one(number * every, value)
    return series, scores


def noise(count: int, seed: int = 1) -> list[float]:
    rng = random.Random(seed)
    return [50 + rng.gauss(0, 5) for _ in range(count)]


def test_too_short_a_series_is_warming_up() -> None:
    """The first WARM readings have no score."""
    series, scores = fed(noise(WARM))

    assert set(scores) == {-1.0}
    assert series.score_one(WARM * 300.0, 50.0) is not WARMING_UP


def test_a_jump_and_a_drop_score_higher_than_anything_usual() -> None:
    """Either side of what is usual is unusual."""
    for unusual in (120.0, -20.0):
        series, scores = fed(noise(2000))

        said = series.score_one(2000 * 300.0, unusual)

        assert isinstance(said, float)
        assert said > max(scores)


def test_of_an_anomaly_that_lasts_only_its_growth_is_told() -> None:
    """The same height again scores 0 for QUIET readings."""
    values = noise(1000) + [150.0] * 50
    _, scores = fed(values)

    assert scores[1000] > 0.5
    assert sum(score > 0.5 for score in scores[1000:]) < 10 < QUIET


def test_what_never_changed_and_then_does_is_found() -> None:
    """A constant history has no spread to measure by, and still tells."""
    series, _ = fed([5.0] * 500)

    said = series.score_one(500 * 300.0, 6.0)

    assert isinstance(said, float)
    assert 0.7 < said < 1.0


def test_scoring_changes_nothing() -> None:
    """The same question has the same answer."""
    series, _ = fed(noise(300))

    assert series.score_one(9e4, 80.0) == series.score_one(9e4, 80.0)
