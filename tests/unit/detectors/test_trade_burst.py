"""Bursts of trades against the account's own sessions."""

from __future__ import annotations

import random
from typing import Any

import pytest

from detectors.base import WARMING_UP, Score, Sighting
from domain.habits import Habits
from domain.habits.trade import MAX_WINDOWS
from tests.support.events import DAY, MINUTE, event
from tests.support.registry import loaded

ENTRY = loaded().entries["trade_burst"]
BURST: Any = ENTRY.detector


def trade(at: float) -> Any:
    return event("trade", at, order_id="o", action="fill", market="BTC-USDT", side="buy", quantity="1")


def take(habits: Habits, at: float, normal: bool = True) -> bool:
    """One trade through score, decide, count, learn; whether it fired."""
    seen = Sighting(trade(at))
    score = BURST.score_one(seen, habits)
    fired = isinstance(score, Score) and score.value >= ENTRY.threshold
    BURST.count_one(seen, habits)
    if normal and not fired:
        BURST.learn_one(seen, habits)
    return fired


def sessions(count: int = 30, size: int = 3, late: bool = False) -> Habits:
    """One session a day of `size` trades or so."""
    dice, habits = random.Random(2), Habits()
    times = [n * DAY + k * 60 for n in range(-count, 0) for k in range(max(1, size + dice.randint(-1, 1)))]
    if late:
        for i in range(0, len(times) - 4, 4):
            times[i], times[i + 2] = times[i + 2], times[i]
    for at in times:
        assert not take(habits, at)
    return habits


def test_a_burst_is_told_while_it_runs() -> None:
    """From the twentieth trade or soon after, until the last; its size grows in the finding."""
    habits = sessions()
    fired = [take(habits, n * 2.0) for n in range(100)]

    assert not any(fired[:19])
    assert all(fired[30:])
    score = BURST.score_one(Sighting(trade(200.0)), habits)
    assert score.facts["trades"] == "101"
    assert int(score.facts["usual_trades"]) < 12


def test_a_burst_across_the_border_of_two_windows_is_one() -> None:
    """Twenty trades before the full ten minutes and twenty after."""
    habits = sessions()
    border = 40 * MINUTE  # noon and whole hours are borders
    fired = [take(habits, border - 50 + n * 2.5) for n in range(40)]

    assert any(fired)


def test_the_usual_session_is_no_burst_however_often() -> None:
    """A year of days with three trades."""
    habits = sessions()

    assert not any(take(habits, n * DAY + k * 50) for n in range(365) for k in range(4))


def test_arrival_a_day_out_of_order_changes_next_to_nothing() -> None:
    """The statistics of late trades are those of punctual ones."""
    punctual, late = sessions().trade, sessions(late=True).trade

    assert late.sizes.mean == pytest.approx(punctual.sizes.mean, rel=0.02)
    assert late.sizes.variance == pytest.approx(punctual.sizes.variance, rel=0.1)
    assert late.count == punctual.count


def test_a_burst_that_nobody_cleared_teaches_nothing() -> None:
    """Told, and left without an answer: next month it is as unusual."""
    habits = sessions()
    for n in range(100):
        take(habits, n * 2.0)
    before = habits.trade.sizes.mean
    for day in range(1, 10):
        take(habits, day * DAY)

    assert habits.trade.sizes.mean <= before
    assert any(take(habits, 10 * DAY + n * 2.0) for n in range(100))


def test_a_late_trade_of_a_burst_clears_nothing() -> None:
    """It was found normal by itself, because it came when the rest had been forgotten; the others still wait."""
    habits = sessions()
    for n in range(100):
        take(habits, n * 2.0)
    take(habits, 30 * MINUTE)
    before = habits.trade.learned
    late = Sighting(trade(3.0))
    BURST.count_one(late, habits)
    BURST.learn_one(late, habits)

    assert habits.trade.learned == before


def test_a_burst_that_was_cleared_is_learned_whole() -> None:
    """One trade of it is cleared a day later, the next burst of that size is no surprise to a profile that saw several."""
    habits = sessions()
    for day in range(6):
        flagged = [trade(day * DAY + n * 2.0) for n in range(100)]
        for one in flagged:
            fired = BURST.score_one(Sighting(one), habits)
            BURST.count_one(Sighting(one), habits)
            if not (isinstance(fired, Score) and fired.value >= ENTRY.threshold):
                BURST.learn_one(Sighting(one), habits)
        take(habits, day * DAY + DAY / 2)
        BURST.learn_one(Sighting(flagged[-1]), habits)

    assert not any(take(habits, 7 * DAY + n * 2.0) for n in range(100))


def test_an_account_of_few_days_says_that_it_is_warming_up() -> None:
    """Whatever it does."""
    habits = Habits()
    for n in range(200):
        take(habits, n * 5.0)

    assert BURST.score_one(Sighting(trade(2000.0)), habits) is WARMING_UP


def test_windows_kept_are_bounded() -> None:
    """A thousand windows with flagged trades leave a few."""
    habits = sessions()
    for n in range(1000):
        take(habits, n * 11 * MINUTE, normal=False)

    assert len(habits.trade.windows) <= MAX_WINDOWS
