"""The obvious alternatives, on the same payments with the same delay: batch models retrained each week on the handbook's features, and a
windowed Gaussian an account.

Features: Fraud Detection Handbook, chapter 3 (baseline feature transformation): weekend and night; count and mean amount of the customer
over 1, 7 and 30 days; count and share of frauds of the terminal over the same, seven days earlier. XGBoost and random forest as in
chapters 3 and 5. scikit-learn and XGBoost are among the tools of `make bench` only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.payments import DAY, DELAY, Payments

WINDOWS = (1, 7, 30)
GAUSSIAN = 100
"""Amounts of an account that the windowed Gaussian looks back on."""
SPANS = (7, 28)
"""Days that a batch model is trained on: the handbook's week, and four of them, which XGBoost has the time for."""


def handbook_features(data: Payments) -> Any:
    """A row a payment, float32. Nothing in it is known later than the payment."""
    hour = data.at // 3600 % 24
    columns = [data.usd, (data.day + 3) % 7 >= 5, hour <= 6]  # the first of 1970 was a Thursday
    mine, ones = _Past(data.user, data.at), np.ones(len(data.at))
    for days in WINDOWS:
        begin, end = mine.window(data.at - days * DAY, data.at)
        many = mine.total(ones, begin, end)
        columns += [many, mine.total(data.usd, begin, end) / np.maximum(many, 1)]
    there = _Past(data.address, data.at)
    for days in WINDOWS:
        begin, end = there.window(data.at - (days + DELAY) * DAY, data.at - DELAY * DAY)
        many = there.total(ones, begin, end)
        columns += [many, there.total(data.fraud, begin, end) / np.maximum(many, 1)]
    return np.column_stack([np.asarray(column, dtype=np.float32) for column in columns])


class _Past:
    """Sums over what one key did in a window of time, by prefix sums over the payments ordered by key and time."""

    def __init__(self, key: Any, at: Any):
        self._dense = np.unique(key, return_inverse=True)[1].astype(np.int64)
        self._span = int(at.max() - at.min()) + 400 * DAY
        self._zero = int(at.min()) - 200 * DAY
        self.order = np.lexsort((at, self._dense))
        self._places = (self._dense * self._span + (at - self._zero))[self.order]

    def window(self, after: Any, until: Any) -> tuple[Any, Any]:
        """Where the payments of each row's key with after < at <= until stand."""
        base = self._dense * self._span - self._zero
        return np.searchsorted(self._places, base + after, side="right"), np.searchsorted(self._places, base + until, side="right")

    def total(self, values: Any, begin: Any, end: Any) -> Any:
        """Sum of `values` over those."""
        sums = np.r_[0.0, np.cumsum(values[self.order], dtype=float)]
        return sums[end] - sums[begin]


def retrained(data: Payments, features: Any, weeks: Sequence[int], span: int, make: Callable[[], Any]) -> Any:
    """Scores in the weeks given, each by a model of `make` that was trained on the `span` days which end seven days before; else NaN."""
    score = np.full(len(data.at), np.nan)
    for start in weeks:
        train = (data.day >= start - DELAY - span) & (data.day < start - DELAY)
        test = (data.day >= start) & (data.day < start + 7)
        if data.fraud[train].any():
            model = make()
            model.fit(features[train], data.fraud[train])
            score[test] = model.predict_proba(features[test])[:, 1]
    return score


def xgboost() -> Any:
    """The handbook's: a hundred trees, learning rate 0.1."""
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=100, learning_rate=0.1, max_depth=6, tree_method="hist", n_jobs=1, random_state=0)


def forest() -> Any:
    """The handbook's: a hundred trees."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=100, n_jobs=1, random_state=0)


def windowed_gaussian(data: Payments) -> Any:
    """How far an amount lies from the mean of the account's last ones, in their standard deviations; without labels."""
    score = np.zeros(len(data.at))
    order = np.lexsort((data.at, data.user))
    users, usd = data.user[order], data.usd[order]
    first = np.nonzero(np.r_[True, users[1:] != users[:-1]])[0]
    place = np.arange(len(users))
    begin = np.maximum(np.repeat(first, np.diff(np.r_[first, len(users)])), place - GAUSSIAN)
    sums, squares = np.r_[0.0, np.cumsum(usd)], np.r_[0.0, np.cumsum(usd * usd)]
    many = place - begin
    known = many >= 3
    n = np.maximum(many, 1)
    mean = (sums[place] - sums[begin]) / n
    spread = np.sqrt(np.maximum((squares[place] - squares[begin]) / n - mean * mean, 0.0)) + 0.01
    score[order] = np.where(known, (usd - mean) / spread, 0.0)
    return score


def compared(data: Payments, weeks: Sequence[int], say: Callable[[str], None]) -> dict[str, Any]:
    """Scores in those weeks by the name of the alternative. Raises ImportError without the tools of `make bench`."""
    say("features of the handbook")
    features = handbook_features(data)
    found: dict[str, Any] = {}
    for name, make, spans in (("XGBoost", xgboost, SPANS), ("random forest", forest, SPANS[:1])):
        for span in spans:
            say(f"{name}, retrained weekly on {span} days")
            found[f"{name}, retrained weekly on {span} days"] = retrained(data, features, weeks, span, make)
    found["windowed Gaussian, no labels"] = windowed_gaussian(data)
    return found
