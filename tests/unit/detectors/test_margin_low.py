"""Margin levels: each band once, until the account has recovered."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Score, Sighting
from detectors.margin.read import percent
from domain.habits import Habits
from domain.habits.margin import MAX_ACCOUNTS
from tests.support.events import event
from tests.support.registry import loaded

ENTRY = loaded().entries["margin_low"]
LOW: Any = ENTRY.detector
BANDS = (80, 90, 95)


def reading(at: float, ratio: float, account: str = "cross", **fields: Any) -> Any:
    return event("margin", at, **{"account": account, "equity_usd": "1000", "maintenance_margin_usd": f"{ratio * 10:.4f}", **fields})


def told(habits: Habits, one: Any) -> Score | None:
    """The finding on the reading, which then counts."""
    score: Score = LOW.score_one(Sighting(one), habits)
    LOW.count_one(Sighting(one), habits)
    return score if score.value >= ENTRY.threshold else None


def story(*ratios: float) -> list[str]:
    """Severity at each reading, `-` for silence."""
    habits = Habits()
    found = [told(habits, reading(n * 60.0, ratio)) for n, ratio in enumerate(ratios)]
    return [str(score.severity) if score else "-" for score in found]


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ((50, 79.9, 80, 85, 89.9), ["-", "-", "notice", "-", "-"]),
        ((81, 91, 96, 99), ["notice", "warning", "critical", "-"]),
        ((97,), ["critical"]),
        ((81, 76, 82, 74.9, 82), ["notice", "-", "-", "-", "notice"]),
        ((91, 86, 91, 84, 91), ["warning", "-", "-", "-", "warning"]),
        ((96, 74, 82, 91, 96), ["critical", "-", "notice", "warning", "critical"]),
        ((96, 88, 96, 97), ["critical", "-", "critical", "-"]),
    ],
)
def test_each_band_is_told_once_until_it_recovers(ratios: tuple[float, ...], expected: list[str]) -> None:
    """Up through the bands, wavering, and up again after five points of recovery."""
    assert story(*ratios) == expected


@given(st.lists(st.floats(0, 200), min_size=1, max_size=60))
def test_between_two_findings_of_a_band_the_account_recovered_from_it(ratios: list[float]) -> None:
    """Whatever the path; and nothing is told below the lowest band."""
    habits = Habits()
    lowest_since = dict.fromkeys(BANDS, -1.0)
    for n, ratio in enumerate(ratios):
        score = told(habits, reading(n * 1.0, ratio))
        exact = percent(reading(0, ratio))
        for band in BANDS:
            lowest_since[band] = min(lowest_since[band], exact)
        if score is not None:
            band = int((score.subject or "").rpartition("|")[2])
            assert exact >= band
            assert lowest_since[band] < band - 5
            for reached in [b for b in BANDS if b <= band]:
                lowest_since[reached] = exact


@pytest.mark.parametrize(
    ("equity", "maintenance", "expected"),
    [("1000", "820", 82.0), ("0", "10", 1000.0), ("0", "0", 0.0), ("1000", "0", 0.0), ("0.000001", "900", 1000.0), ("1e0", None, None)],
)
def test_the_ratio_at_its_ends(equity: str, maintenance: str | None, expected: float | None) -> None:
    """Nothing left of the equity is past liquidation; without positions nothing is at risk."""
    if maintenance is None:
        with pytest.raises(ValueError, match="equity_usd"):
            reading(0, 0, equity_usd=equity)
    else:
        assert float(percent(reading(0, 0, equity_usd=equity, maintenance_margin_usd=maintenance))) == pytest.approx(expected)


@given(st.integers(1, 10**12), st.integers(0, 20), st.sampled_from(BANDS))
def test_a_band_is_reached_to_the_last_digit(units: int, places: int, band: int) -> None:
    """Exactly 80 percent of any equity is 80 percent, and the smallest unit less is not."""
    unit = Decimal(1).scaleb(-places)
    equity, exact = units * unit, units * unit * band / 100
    habits = Habits()

    below = told(habits, reading(0, 0, equity_usd=f"{equity:f}", maintenance_margin_usd=f"{exact - unit / 100:f}"))
    score = told(habits, reading(1, 0, equity_usd=f"{equity:f}", maintenance_margin_usd=f"{exact:f}"))

    assert below is None or not (below.subject or "").endswith(f"|{band}")
    assert score is not None
    assert (score.subject, score.facts["ratio"]) == (f"cross|{band}", str(band))


def test_a_reading_older_than_the_newest_is_no_news() -> None:
    """It was at 96 before it was at 40: nobody needs to hear that now, and it changes nothing."""
    habits = Habits()
    told(habits, reading(60, 40))

    assert told(habits, reading(0, 96)) is None
    assert told(habits, reading(61, 81)) is not None


def test_two_readings_of_the_same_moment_both_count() -> None:
    """The second one of a millisecond is not late."""
    habits = Habits()
    told(habits, reading(0, 82))
    second = told(habits, reading(0, 92))

    assert second is not None
    assert second.severity == "warning"


def test_accounts_are_apart_and_bounded() -> None:
    """Each isolated account is told of; beyond sixteen the one not heard of for longest is forgotten."""
    habits = Habits()
    for n in range(100):
        score = told(habits, reading(float(n), 82, f"isolated-{n}"))
        assert score is not None
        assert score.subject == f"isolated-{n}|80"

    assert len(habits.margin.accounts) == MAX_ACCOUNTS


def test_the_position_nearest_to_its_liquidation_is_named() -> None:
    """By distance from the mark price; one without a mark price comes last; none at all is no error."""
    near = {"market": "NEAR", "side": "long", "size": "1", "mark_price": "100", "liquidation_price": "98"}
    far = {"market": "FAR", "side": "short", "size": "1", "mark_price": "100", "liquidation_price": "160"}
    blind = {"market": "BLIND", "side": "long", "size": "1", "liquidation_price": "5"}
    bare = {"market": "BARE", "side": "long", "size": "1"}

    def named(*positions: dict[str, str]) -> str | None:
        score = told(Habits(), reading(0, 85, positions=list(positions)))
        assert score is not None
        return score.facts.get("market")

    assert (named(far, blind, near, bare), named(blind, bare), named(bare), named()) == ("NEAR", "BLIND", None, None)
