"""How many alarms a family of detectors raises, and from which score on each detector may speak to keep to an alert budget.

The unit of a budget is the notice per 1,000 active users and day. Of each detector the scores of what would be told are counted in bins
(fading by half a week), beside the days of users who were there. When a family would tell more than its budget, each of its detectors keeps
the same part of what it says, the most anomalous: the cut is that quantile of its own scores. Cuts change once a day of event time, so that
a day is judged by one measure, and only after enough was seen.

Bins are thirds of a halving of 1 - score: 0.9, 0.99 and 0.999 are ten bins apart. What falls into one bin can't be told apart, and the
highest is never cut away: the budget may then not be kept, and `standing` says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from domain.status import BudgetStanding

DAY = 86_400.0
HALF_LIFE = 3.5
"""Days in which what was counted fades to a half."""
ENOUGH = 500.0
"""Days of users, before any cut is made."""
BINS = 64


class Alarms:
    """Of one partition. Budgets are given when it is asked: they are the operator's and change."""

    def __init__(self) -> None:
        self.day = 0
        self.active = 0.0
        """Days of users, fading; the present day is in `_today`."""
        self.raised: dict[str, list[float]] = {}
        """Detector -> what would have been told by bin of its score, fading."""
        self.told: dict[str, float] = {}
        self._today = 0.0
        self._cuts: dict[str, int] = {}

    def be(self, at: float, last_at: float, budgets: Mapping[str, float], family_of: Mapping[str, str]) -> None:
        """A user is there at event time `at`, and was last at `last_at` (0: never). A new day settles the one before."""
        day = int(at // DAY)
        if day > self.day:
            if self.day:
                self._settle(day - self.day, budgets, family_of)
            self.day = day
        if day == self.day and int(last_at // DAY) < day:
            self._today += 1.0

    def may_tell(self, detector: str, score: float, anew: bool) -> bool:
        """Whether the detector may tell what has this score. `anew`: it hasn't spoken of this user today; only that is counted."""
        place = bin_of(score)
        if anew:
            self.raised.setdefault(detector, [0.0] * BINS)[place] += 1.0
        allowed = place >= self._cuts.get(detector, 0)
        if allowed and anew:
            self.told[detector] = self.told.get(detector, 0.0) + 1.0
        return allowed

    def cut(self, detector: str) -> float:
        """The score from which the detector may speak now; 0 where nothing is cut."""
        return floor_of(self._cuts.get(detector, 0))

    def standing(self, budgets: Mapping[str, float], family_of: Mapping[str, str]) -> list[BudgetStanding]:
        """Of each family with a budget, over the last days. A tenth over it still counts as kept."""
        active = self.active + self._today
        out = []
        for family, budget in sorted(budgets.items()):
            mine = [name for name in self.raised if family_of.get(name) == family]
            raised = 1000.0 * sum(sum(self.raised[name]) for name in mine) / active if active else 0.0
            told = 1000.0 * sum(self.told.get(name, 0.0) for name in mine) / active if active else 0.0
            enough = active >= ENOUGH
            out.append(BudgetStanding(family, budget, raised, told, not enough or told <= budget * 1.1, enough))
        return out

    def add(self, other: Alarms) -> None:
        """Takes in what another partition counted, to stand for both."""
        self.active += other.active + other._today
        for name, counts in other.raised.items():
            mine = self.raised.setdefault(name, [0.0] * BINS)
            self.raised[name] = [one + another for one, another in zip(mine, counts, strict=True)]
            self.told[name] = self.told.get(name, 0.0) + other.told.get(name, 0.0)

    def export(self) -> Any:
        """Plain data."""
        bins = {name: {place: round(n, 4) for place, n in enumerate(counts) if n > 1e-3} for name, counts in self.raised.items()}
        return {
            "day": self.day, "active": self.active, "today": self._today, "raised": bins, "told": dict(self.told), "cuts": dict(self._cuts),
        }  # fmt: skip

    def restore(self, data: Any) -> None:
        """Becomes the one that exported this. Raises KeyError, TypeError, IndexError or ValueError for anything else."""
        raised = {}
        for name, bins in data["raised"].items():
            counts = raised[str(name)] = [0.0] * BINS
            for place, n in bins.items():
                counts[int(place)] = float(n)
        self.day, self.active, self._today = int(data["day"]), float(data["active"]), float(data["today"])
        self.raised, self.told = raised, {str(name): float(n) for name, n in data["told"].items()}
        self._cuts = {str(name): int(place) for name, place in data["cuts"].items()}

    def _settle(self, days: int, budgets: Mapping[str, float], family_of: Mapping[str, str]) -> None:
        """Ends the day: today's users join the others, cuts are made anew, everything fades."""
        self.active += self._today
        self._today = 0.0
        self._cuts = self._calibrated(budgets, family_of) if self.active >= ENOUGH else {}
        left = 0.5 ** (days / HALF_LIFE)
        self.active *= left
        self.raised = {name: [n * left for n in counts] for name, counts in self.raised.items() if sum(counts) > 0.01}
        self.told = {name: n * left for name, n in self.told.items() if name in self.raised}

    def _calibrated(self, budgets: Mapping[str, float], family_of: Mapping[str, str]) -> dict[str, int]:
        cuts = {}
        for family, budget in budgets.items():
            mine = {name: counts for name, counts in self.raised.items() if family_of.get(name) == family}
            rate = 1000.0 * sum(map(sum, mine.values())) / self.active
            if rate > budget:
                for name, counts in mine.items():
                    cuts[name] = _cut(counts, budget / rate)
        return cuts


def bin_of(score: float) -> int:
    """Bin of a score in [0, 1]: thirds of halvings of what is missing to 1."""
    missing = 1.0 - min(max(score, 0.0), 1.0)
    return BINS - 1 if missing <= 0.0 else min(BINS - 1, int(-3.0 * math.log2(missing)))


def floor_of(place: int) -> float:
    """The least score of a bin."""
    return 1.0 if place >= BINS - 1 else 1.0 - 2.0 ** (-place / 3.0)


def _cut(counts: list[float], part: float) -> int:
    """The first bin from which on no more than `part` of all is; the highest that holds any where even that is more."""
    allowed, kept = part * sum(counts), 0.0
    for place in range(BINS - 1, -1, -1):
        if counts[place] and kept + counts[place] > allowed * 1.0001:
            return place + 1 if kept > 0.0 else place
        kept += counts[place]
    return 0
