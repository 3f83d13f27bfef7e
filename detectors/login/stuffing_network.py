"""Passwords stolen elsewhere, tried from one network on account after account: this one fitted."""

from __future__ import annotations

from detectors.base import Detector, Score, Sighting
from detectors.gates import SUCCEEDED
from detectors.login import stuffing
from domain.events import Login
from domain.habits import Habits


class StuffingNetwork(Detector):
    """Tells the success; the failures before only count (detectors.login.stuffing)."""

    events = (Login,)
    judges = SUCCEEDED
    minimum_accounts: int

    def crowd_one(self, seen: Sighting) -> tuple[tuple[str, str], ...]:
        return stuffing.sets(seen, "network", seen.network)

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        return stuffing.score(seen, habits, "network", seen.network, self.minimum_accounts)

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        stuffing.count(seen, "network", seen.network)
