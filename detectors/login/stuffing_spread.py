"""Passwords stolen elsewhere, tried from a botnet, a few at each address: of all sign-ins to the exchange more fail than usual.

Usual at this time of the week. It is told to whose account a stranger signs in to meanwhile.
"""

from __future__ import annotations

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import SUCCEEDED
from detectors.login import sight, stuffing
from domain.events import Login
from domain.habits import Habits
from domain.messages import Reason
from domain.statistics import count_tail, surprise


class StuffingSpread(Detector):
    """The share of failures is kept by the partition (detectors.models.attempts). `clumped`: variance over mean of honest failures."""

    events = (Login,)
    judges = SUCCEEDED
    minimum_logins: int
    minimum_attempts: int
    minimum_ratio: float
    clumped: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        login, at = habits.login, seen.event.at
        if seen.cohort is None or seen.event.outcome != "success" or sight.device_known(seen, login) or sight.network_known(seen, login):
            return NORMAL
        if login.count < self.minimum_logins:  # to an account without a past everybody is a stranger, its owner first
            return WARMING_UP
        failed, every = seen.cohort.attempts.now(at)
        usual = seen.cohort.attempts.usual(at)
        if usual is None:
            return WARMING_UP
        if every < self.minimum_attempts or failed < self.minimum_ratio * usual * every:
            return NORMAL
        mean = max(usual * every, 1.0)
        value = surprise(count_tail(failed, mean, mean * self.clumped))
        share, normal = round(100 * failed / every), round(100 * usual)
        reasons = [Reason("failure_share", share, str(normal), value)]
        facts = sight.facts(seen) | {"failure_share": str(share), "usual_share": str(normal)}
        return Score(value=value, reasons=reasons, facts=facts) if value > 0 else NORMAL

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        if seen.cohort is not None:
            seen.cohort.attempts.count(seen.event.at, seen.event.outcome in stuffing.FAILED)
