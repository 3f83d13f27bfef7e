"""What is usual among people with little history: half-space trees over the withdrawals of a partition.

One model a partition, fed in offset order. The trees (Tan, Ting and Liu, IJCAI 2011; river.anomaly.HalfSpaceTrees) tell how thinly
populated the place of a withdrawal is; raw values of that depend on the features, so a withdrawal is ranked against those before it.

The model is a function of the last window and the one being filled. Both are kept as plain rows: `export` gives them, `restore` builds the
very same trees from them. Nothing is pickled.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Mapping
from typing import Any

from detectors.base import WARMING_UP, WarmingUp
from detectors.models.trees import Forest
from domain.statistics import student_tail

FEATURES = ("size", "share", "new_payee", "age")
WINDOW = 256
"""Withdrawals in a window of the trees; the first has to fill before there is a score."""
RANKED = 1024
"""Values that a new one is ranked against."""
_SEED = 20_090_103
_LN = 8.0 * math.log(10.0)
"""From the size feature to the natural logarithm of USD."""

Row = tuple[float, ...]
"""Features in [0, 1], in the order of FEATURES."""


def features(usd: float, balance: float | None, new_payee: bool, age_days: float) -> Row:
    """A withdrawal's row. The hour is not among them: partitions mix time zones, so it says nothing here."""
    return (
        min(math.log10(1.0 + max(usd, 0.0)) / 8.0, 1.0),
        min(usd / balance, 1.0) if balance else 0.0,
        1.0 if new_payee else 0.0,
        min(math.log10(1.0 + max(age_days, 0.0)) / 3.5, 1.0),
    )


class Cohort:
    """Score, then learn. About 15 us both; 200 kB."""

    def __init__(self) -> None:
        self._trees = _fresh()
        self._rows: list[Row] = []
        """The last full window, then the one being filled."""
        self._sizes: list[float] = []
        """First feature of the rows, sorted."""
        self._ranked: list[float] = []
        """Raw scores, oldest first."""
        self._sorted: list[float] = []

    def score_one(self, row: Row) -> float | WarmingUp:
        """Share of the withdrawals before that stood less alone than this, in [0, 1); WARMING_UP until two windows were seen."""
        if len(self._sorted) < WINDOW:
            return WARMING_UP
        return bisect_left(self._sorted, self._raw(row)) / (len(self._sorted) + 1)

    def size_quantile(self, q: float) -> float:
        """The q-quantile of the sizes of the rows, USD; 0 when there are none."""
        return 10.0 ** (8.0 * self._size(q)) - 1.0 if self._sizes else 0.0

    def size_tail(self, usd: float) -> float:
        """Chance of a withdrawal this large or larger among the rows, in (0, 1]; Student's t on their logarithms."""
        if len(self._sizes) < 16:
            return 1.0
        spread = max((self._size(0.84) - self._size(0.16)) * _LN / 2.0, 0.5)
        return student_tail((math.log1p(usd) - self._size(0.5) * _LN) / spread, float(len(self._sizes) - 1))

    def learn_one(self, row: Row) -> None:
        """Takes a withdrawal that was found normal."""
        if len(self._rows) >= WINDOW:
            self._rank(self._raw(row))
        self._feed(row)

    def export(self) -> dict[str, list[list[float]] | list[float]]:
        """Rows and ranked values as plain lists: 15 kB as JSON or msgpack when full."""
        return {"rows": [list(row) for row in self._rows], "ranked": list(self._ranked)}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Becomes the model that exported this. Raises ValueError for rows of another make, KeyError or TypeError for what is no export;
        then nothing has changed."""
        kept = [tuple(float(value) for value in row) for row in data["rows"]]
        values = [float(value) for value in data["ranked"]]
        if any(len(row) != len(FEATURES) or not all(0.0 <= value <= 1.0 for value in row) for row in kept) or not all(
            map(math.isfinite, values)
        ):
            raise ValueError(f"expected rows of {len(FEATURES)} numbers in [0, 1] and finite ranks")
        self._trees, self._rows, self._sizes = _fresh(), [], []
        for row in kept:
            self._feed(row)
        self._ranked = values[-RANKED:]
        self._sorted = sorted(self._ranked)

    def _raw(self, row: Row) -> float:
        return self._trees.score_one(row)

    def _feed(self, row: Row) -> None:
        self._trees.learn_one(row)
        self._rows.append(row)
        insort(self._sizes, row[0])
        if len(self._rows) == 2 * WINDOW:
            del self._rows[:WINDOW]
            self._sizes = sorted(kept[0] for kept in self._rows)

    def _size(self, q: float) -> float:
        return self._sizes[int(q * (len(self._sizes) - 1))]

    def _rank(self, raw: float) -> None:
        self._ranked.append(raw)
        insort(self._sorted, raw)
        if len(self._ranked) > RANKED:
            del self._sorted[bisect_left(self._sorted, self._ranked.pop(0))]


def _fresh() -> Forest:
    return Forest(FEATURES, n_trees=12, height=7, window=WINDOW, seed=_SEED)
