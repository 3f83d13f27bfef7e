"""Many accounts are emptied at once: more than at this time of the week.

Emptied: one withdrawal takes most of what there is. Score: the chance of as many, by what was seen at such moments before (a market that
falls empties accounts too, and is learned).
"""

from __future__ import annotations

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import ASKED
from detectors.transfer import flow
from domain.events import Transfer
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.messages import Reason
from domain.statistics import count_tail, surprise

KIND, KEY = "emptied", "all"


class MassDrain(Detector):
    """Needs `balance_usd` and `usd_value`. What is usual is kept by the partition (detectors.models.season)."""

    events = (Transfer,)
    judges = counts = teaches = ASKED
    window_minutes: int
    share: float
    minimum_usd: float
    minimum_accounts: int

    def crowd_one(self, seen: Sighting) -> tuple[tuple[str, str], ...]:
        return ((KIND, KEY),) if self._empties(seen.event) else ()

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        event: Transfer = seen.event
        if not self._empties(event):
            return NORMAL
        accounts = self._accounts(seen)
        if accounts < self.minimum_accounts:
            return NORMAL
        usual = seen.cohort.drains.usual(event.at) if seen.cohort is not None else None
        if usual is None:
            return WARMING_UP
        mean, variance = usual
        value = surprise(count_tail(accounts, mean, variance))
        if value <= 0.0:
            return NORMAL
        told = {"drained_accounts": str(accounts), "usual_accounts": str(round(mean)), "window_minutes": str(self.window_minutes)}
        reasons = [Reason("drained_accounts", accounts, f"{mean:.1f}", value)]
        return Score(value=value, reasons=reasons, facts=seen.event.told | told)

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        if self._empties(seen.event):
            seen.crowd.add(KIND, KEY, str(fingerprint(seen.event.user_id)), seen.event.at)

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        if seen.cohort is not None and self._empties(seen.event):
            seen.cohort.drains.learn_one(seen.event.at, self._accounts(seen))

    def _accounts(self, seen: Sighting) -> int:
        """Accounts emptied in the window, this one among them."""
        at, me = seen.event.at, str(fingerprint(seen.event.user_id))
        return 1 + sum(member != me for member, _ in seen.crowd.members(KIND, KEY, at, self.window_minutes * 60.0))

    def _empties(self, event: Transfer) -> bool:
        if not event.asked:
            return False
        share = flow.share(event)
        return share is not None and share >= self.share and (event.usd or 0.0) >= self.minimum_usd
