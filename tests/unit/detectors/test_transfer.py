"""Withdrawals: counted once, judged when asked for."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import WARMING_UP, Score, Sighting
from detectors.models.cohort import features
from detectors.models.partition import Models
from domain.habits import Habits
from domain.habits.transfer import MAX_PAYEES, TransferHabits
from tests.support.events import DAY, HOME, HOUR, MINUTE, event, withdrawal
from tests.support.registry import loaded

REGISTRY = loaded()


def detector(name: str) -> Any:
    found = REGISTRY.entries[name].detector
    assert found is not None
    return found


def fires(name: str, seen: Sighting, habits: Habits) -> bool:
    score = detector(name).score_one(seen, habits)
    return isinstance(score, Score) and score.value >= REGISTRY.entries[name].threshold


def take(habits: Habits, *events: Any, normal: bool = True, cohort: Models | None = None) -> None:
    """What the engine does after the decision: all count, and learn where the event was found normal."""
    for one in events:
        seen = Sighting(one, cohort=cohort)
        mine = [e.detector for e in REGISTRY.detectors if e.detector is not None and isinstance(one, e.detector.events)]
        for each in mine:
            each.count_one(seen, habits)
        for each in mine if normal else []:
            each.learn_one(seen, habits)
        habits.first_at = habits.first_at or one.at


def a_month(**fields: Any) -> Habits:
    """Fifteen withdrawals of about 300 USD to one payee."""
    habits = Habits()
    for n in range(15):
        take(habits, withdrawal(-30 * DAY + n * 2 * DAY, usd=str(200 + 50 * (n % 5)), **fields))
    return habits


STATUSES = ("requested", "approved", "broadcast", "completed")


def life_of(transfer_id: str, at: float, *statuses: str, **fields: Any) -> list[Any]:
    return [withdrawal(at + n * MINUTE, transfer_id=transfer_id, status=s, **fields) for n, s in enumerate(statuses)]


@given(st.lists(st.sampled_from(STATUSES), min_size=1, max_size=8))
def test_a_transfer_counts_once_whatever_its_statuses(statuses: list[str]) -> None:
    """In any order, repeated or with the first ones missing: one payment, one amount, one flow."""
    habits = Habits()
    take(habits, *life_of("t-1", 0, *statuses))

    transfer = habits.transfer
    assert (transfer.count, len(transfer.amounts), len(transfer.flows), transfer.payees[0].count) == (1, 1, 1, 1)


@pytest.mark.parametrize("status", [s for s in (*STATUSES, "failed", "cancelled", "rejected") if s != "requested"])
def test_later_statuses_are_not_judged(status: str) -> None:
    """Only what is asked for can still be stopped."""
    habits = a_month(balance_usd="5000")
    seen = Sighting(withdrawal(0, "TStrangerAddressNeverPaidBefore111", "4900", status=status, balance_usd="5000"))

    for name in ("withdrawal_large", "withdrawal_new_address", "withdrawal_lookalike_address", "withdrawal_rapid_drain"):
        assert not fires(name, seen, habits)
    assert detector("withdrawal_new_address").step_one(seen, habits) is None


@pytest.mark.parametrize("end", ["failed", "cancelled", "rejected"])
def test_what_came_to_nothing_neither_drains_nor_makes_a_payee(end: str) -> None:
    """Three fifths of the balance asked for and taken back, then half of it."""
    habits = a_month(balance_usd="5000")
    take(habits, *life_of("t-x", -HOUR, "requested", end, usd="3000", balance_usd="5000", address="TOnceAndNeverAgain1111111111111111"))

    half = Sighting(withdrawal(0, HOME, "2500", balance_usd="5000"))
    again = Sighting(withdrawal(0, "TOnceAndNeverAgain1111111111111111", "100", balance_usd="5000"))
    assert not fires("withdrawal_rapid_drain", half, habits)
    assert fires("withdrawal_new_address", again, habits)


def test_a_cancelled_payment_to_a_known_payee_leaves_him_known() -> None:
    """Paid before, taken back once: still known."""
    habits = a_month()
    take(habits, *life_of("t-x", -HOUR, "requested", "cancelled"))

    assert not fires("withdrawal_new_address", Sighting(withdrawal()), habits)


def test_a_flagged_withdrawal_counts_for_a_drain_though_it_is_not_learned() -> None:
    """The first part was told and waits for a verdict: it left all the same."""
    habits = a_month(balance_usd="5000")
    take(habits, withdrawal(-10 * MINUTE, usd="3000", balance_usd="5000"), normal=False)

    assert fires("withdrawal_rapid_drain", Sighting(withdrawal(0, usd="1500", balance_usd="2000")), habits)


def test_a_drain_in_parts_is_seen_at_the_same_part_whatever_order_they_are_learned_in() -> None:
    """Which balance each part is told with doesn't matter, as long as one was told before any of it."""
    rng = random.Random(3)
    for _ in range(20):
        habits = a_month(balance_usd="5000")
        parts = [withdrawal(n * MINUTE, usd="1000", balance_usd=str(5000 - 1000 * n)) for n in range(4)]
        rng.shuffle(parts)
        take(habits, *parts)

        assert fires("withdrawal_rapid_drain", Sighting(withdrawal(5 * MINUTE, usd="900", balance_usd="1000")), habits)


@given(st.floats(1, 1e7), st.floats(1.01, 50))
def test_a_larger_amount_never_scores_less(usd: float, more: float) -> None:
    """Against the same habits."""
    habits = a_month()
    large = detector("withdrawal_large")

    lesser = large.score_one(Sighting(withdrawal(usd=f"{usd:.2f}")), habits)
    greater = large.score_one(Sighting(withdrawal(usd=f"{usd * more:.2f}")), habits)

    assert greater.value >= lesser.value


def test_a_large_withdrawal_is_told_with_what_is_usual() -> None:
    """The high quantile of the account's own, in dollars."""
    score = detector("withdrawal_large").score_one(Sighting(withdrawal(usd="5000")), a_month())

    assert score.value > 0.9
    assert float(score.facts["usual_usd"]) == pytest.approx(400, rel=0.05)
    assert score.reasons[0].usual == score.facts["usual_usd"]


def a_cohort() -> Models:
    """A thousand withdrawals of people with little history."""
    dice, cohort = random.Random(4), Models()
    for _ in range(1000):
        usd = 250 * 2 ** dice.gauss(0, 1)
        cohort.withdrawals.learn_one(features(usd, usd * dice.uniform(4, 50), dice.random() < 0.5, dice.uniform(0, 20)))
    return cohort


def test_with_little_history_others_with_as_little_decide() -> None:
    """Forty thousand on the second day stands out, three hundred doesn't; both scores add up."""
    habits, cohort = Habits(), a_cohort()
    take(habits, withdrawal(-2 * DAY, usd="200", balance_usd="3000"))
    huge = Sighting(withdrawal(0, "TNew1111111111111111111111111111111", "40000", balance_usd="41000"), cohort=cohort)
    usual = Sighting(withdrawal(0, usd="300", balance_usd="4000"), cohort=cohort)

    score = detector("withdrawal_large").score_one(huge, habits)

    assert fires("withdrawal_large", huge, habits)
    assert [r.feature for r in score.reasons] == ["cohort", "usd_value"]
    assert sum(r.contribution for r in score.reasons) == pytest.approx(score.value)
    assert not fires("withdrawal_large", usual, habits)


def test_a_tiny_withdrawal_is_never_large_however_lonely() -> None:
    """Thinly populated is not enough."""
    assert not fires("withdrawal_large", Sighting(withdrawal(usd="1.5", balance_usd="1.5"), cohort=a_cohort()), Habits())


def test_little_history_and_a_young_cohort_is_said_as_warming_up() -> None:
    """Never as a score."""
    seen = Sighting(withdrawal(usd="40000"), cohort=Models())

    assert detector("withdrawal_large").score_one(seen, Habits()) is WARMING_UP


def test_only_those_with_little_history_teach_the_cohort() -> None:
    """The ninth withdrawal of an account is no newcomer's."""
    cohort, habits = Models(), Habits()
    for n in range(20):
        take(habits, withdrawal(n * DAY, balance_usd="1000"), cohort=cohort)

    assert len(cohort.withdrawals.export()["rows"]) == 8


def deposit(at: float, address: str, usd: str | None, amount: str = "1") -> Any:
    return event(
        "transfer",
        at,
        transfer_id=f"d{at}",
        direction="deposit",
        status="completed",
        asset="USDT",
        amount=amount,
        usd_value=usd,
        address=address,
    )


REAL, FAKE = "TQ5nWcbAbKz8yD7rmYp2LkfVt4sHgE9uXa", "TQ5nWp77aaQzLmN3vRs1BtYe2kJcD9uXa"


@pytest.mark.parametrize(
    ("usd", "amount", "age_days", "expected"),
    [
        ("0.02", "0.02", 1, True),
        (None, "0", 1, True),
        ("0.02", "0.02", 89, True),
        ("0.02", "0.02", 91, False),
        ("250", "250", 1, False),
        (None, "5", 1, False),
    ],
)
def test_only_recent_dust_makes_its_sender_a_model(usd: str | None, amount: str, age_days: float, expected: bool) -> None:
    """A deposit that is money, or long past, or of unknown worth, is none."""
    habits = Habits()
    take(habits, deposit(-age_days * DAY, REAL, usd, amount))

    assert fires("withdrawal_lookalike_address", Sighting(withdrawal(0, FAKE)), habits) is expected


def test_deposits_teach_nothing_else() -> None:
    """Neither amounts nor payees nor flows."""
    habits = Habits()
    take(habits, deposit(0, REAL, "5000"), deposit(5, FAKE, "0.01"))

    assert msgspec.structs.replace(habits.transfer, dust=[]) == TransferHabits()


def test_a_look_alike_that_was_cleared_is_a_payee_like_any_other() -> None:
    """The owner says that it is his: from then on it is known."""
    habits = a_month(address=REAL)
    assert fires("withdrawal_lookalike_address", Sighting(withdrawal(0, FAKE)), habits)

    take(habits, withdrawal(0, FAKE))

    assert not fires("withdrawal_lookalike_address", Sighting(withdrawal(DAY, FAKE)), habits)


def test_a_payee_paid_long_ago_is_still_known_when_many_came_after() -> None:
    """Beyond those kept whole, two hundred more are recognized."""
    habits = Habits()
    for n in range(200):
        take(habits, withdrawal(n * HOUR, f"TPayeeNumber{n:022d}"))

    assert len(habits.transfer.payees) == MAX_PAYEES
    assert not fires("withdrawal_new_address", Sighting(withdrawal(300 * HOUR, f"TPayeeNumber{0:022d}")), habits)
    assert fires("withdrawal_new_address", Sighting(withdrawal(300 * HOUR, f"TPayeeNumber{201:022d}")), habits)


def test_even_an_account_that_paid_nobody_gives_a_story_its_new_address() -> None:
    """The detector is warming up; a takeover of a young account is one all the same."""
    seen = Sighting(withdrawal())

    assert detector("withdrawal_new_address").score_one(seen, Habits()) is WARMING_UP
    assert detector("withdrawal_new_address").step_one(seen, Habits()) == HOME


def test_habits_of_a_busy_year_stay_small() -> None:
    """Four hundred withdrawals to twelve payees."""
    habits = Habits()
    for n in range(400):
        take(habits, withdrawal(n * DAY, f"TPayeeNumber{n % 12:022d}", str(100 + n), balance_usd="9000"))

    assert len(msgspec.msgpack.encode(habits.transfer)) < 1100
