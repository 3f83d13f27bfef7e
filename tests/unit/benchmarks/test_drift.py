"""Payments that drift, the handbook's features and the protocol: what the comparison with batch models stands on."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from benchmarks.drift_world import ACCOUNT, ADDRESS, BURST, MULE, Shape, generated
from benchmarks.payments import DAY, Payments, area, average_precision, by_week, measured
from benchmarks.rivals import handbook_features, retrained, windowed_gaussian

FEW = Shape(users=60, addresses=90, weeks=6, pace=2.0, fraud=0.05)


def payments(*rows: tuple[float, int, int, float, bool]) -> Payments:
    """Of (days, user, address, usd, fraud)."""
    days, user, address, usd, fraud = (np.array(column) for column in zip(*rows, strict=True))
    at = (20_000 * DAY + days * DAY).astype(np.int64)
    return Payments(at, np.arange(len(at)), user, address, usd.astype(float), fraud.astype(bool), fraud.astype(int))


def test_a_seed_makes_the_same_payments_and_another_others() -> None:
    """So that what was tuned on is told from what is reported."""
    one, weeks = generated(1, FEW)
    again, _ = generated(1, FEW)
    other, _ = generated(2, FEW)

    assert len(weeks) == FEW.weeks
    assert (one.at == again.at).all()
    assert (one.usd == again.usd).all()
    assert len(one.at) != len(other.at) or (one.usd != other.usd).any()


def test_all_kinds_of_fraud_are_among_them_about_as_often_as_asked() -> None:
    """And ids are unique, in event time."""
    data, _ = generated(3, Shape(users=300, addresses=400, weeks=10, fraud=0.03))

    assert {ACCOUNT, ADDRESS, MULE, BURST} <= set(data.scenario.tolist())
    assert 0.01 < data.fraud.mean() < 0.06
    assert (np.diff(data.at) >= 0).all()
    assert len(set(data.id.tolist())) == len(data.id)


def test_without_drift_the_weeks_are_alike() -> None:
    """Amounts move only where something shifts."""

    def moved(drift: float) -> float:
        data, weeks = generated(4, Shape(users=400, addresses=300, weeks=12, fraud=0.001, drift=drift))
        medians = [np.median(np.log(data.usd[(data.day >= week) & (data.day < week + 7)])) for week in weeks]
        return float(np.std(medians))

    assert moved(0.0) < 0.05 < moved(3.0)


def test_a_verdict_comes_seven_days_after_its_payment_and_never_for_the_genuine() -> None:
    """Nothing is known earlier."""
    data = payments((0.0, 1, 1, 10.0, True), (3.0, 1, 2, 10.0, False), (7.5, 2, 1, 10.0, False))

    lines = [msgspec.json.decode(line) for line in data.lines("fraud")]

    assert [line["type"] for line in lines] == ["transfer", "transfer", "verdict", "transfer"]
    assert lines[2]["about"] == lines[0]["event_id"]
    assert lines[2]["occurred_at"] < lines[3]["occurred_at"]


def test_features_of_the_handbook_know_no_fraud_before_its_delay() -> None:
    """A terminal's share of frauds counts from seven days on; windows count the customer's own payments up to now."""
    data = payments((0.0, 1, 5, 10.0, True), (1.0, 1, 5, 30.0, False), (6.9, 2, 5, 5.0, False), (7.1, 2, 5, 5.0, False))

    rows = handbook_features(data)
    shares = rows[:, [10, 12, 14]]  # of 1, 7 and 30 days

    assert shares[2].tolist() == [0.0, 0.0, 0.0]
    assert shares[3].tolist() == [1.0, 1.0, 1.0]
    assert rows[1, 5:7].tolist() == [2.0, 20.0]  # two payments of seven days, their mean


def test_a_batch_model_is_trained_on_what_was_known_a_week_before() -> None:
    """Of the days that end seven days before the test week; it scores that week alone."""
    data, weeks = generated(5, FEW)
    seen: list[int] = []

    class Model:
        def fit(self, features: np.ndarray, fraud: np.ndarray) -> None:
            seen.append(len(fraud))

        def predict_proba(self, features: np.ndarray) -> np.ndarray:
            return np.full((len(features), 2), 0.5)

    score = retrained(data, handbook_features(data), weeks[4:5], 7, Model)

    trained = (data.day >= weeks[4] - 14) & (data.day < weeks[4] - 7)
    assert seen == [trained.sum()]
    assert (~np.isnan(score) == ((data.day >= weeks[4]) & (data.day < weeks[4] + 7))).all()


def test_the_windowed_gaussian_knows_only_what_came_before() -> None:
    """The first three amounts of an account say nothing; the fourth is measured by them."""
    data = payments(*((float(n), 1, 1, usd, False) for n, usd in enumerate((9.0, 10.0, 11.0, 100.0))))

    score = windowed_gaussian(data)

    assert score[:3].tolist() == [0.0, 0.0, 0.0]
    assert score[3] == pytest.approx(90 / np.std([9, 10, 11]), rel=0.02)


def test_the_protocol_leaves_out_customers_whose_fraud_is_known() -> None:
    """Once it was told, what they pay counts neither way; before, a perfect score is perfect."""
    rows = [(float(day), user, 1, 10.0, user == 7 and day in (13, 16, 25)) for day in range(28) for user in range(40)]
    data = payments(*rows)
    right, wrong = data.fraud.astype(float), data.fraud.astype(float)
    wrong[data.day >= 20_000 + 22] = np.where(data.user[data.day >= 20_000 + 22] == 7, 0.5, 0.0)  # told by then

    assert measured(data, right, [20_000 + 14])["ap"] == 1.0
    assert by_week(data, right, [20_000 + 14]) == by_week(data, wrong, [20_000 + 14])


def test_areas_count_ties_by_half() -> None:
    """As sklearn does; precision at a tie is that of all of them."""
    assert area(np.array([0.1, 0.9]), np.array([False, True])) == 1.0
    assert area(np.array([0.5, 0.5]), np.array([False, True])) == 0.5
    assert average_precision(np.array([0.9, 0.1]), np.array([False, True])) == 0.5
    assert average_precision(np.array([0.5, 0.5]), np.array([False, True])) == 0.5
