"""A sign-in from a device that the account has not used.

Score 0.6 for the device alone, 0.85 on a network that is new as well. Known: a device whose sign-in was normal, or was cleared.
"""

from __future__ import annotations

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import SUCCEEDED
from detectors.login import sight
from detectors.models import login_risk
from domain.events import Login
from domain.habits import Habits
from domain.messages import Reason


class NewDevice(Detector):
    """Sign-ins that succeeded; attempts that failed say nothing about the account's devices."""

    events = (Login,)
    judges = teaches = SUCCEEDED
    minimum_logins: int
    minimum_hours: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        name = sight.device_name(seen)
        if seen.event.outcome != "success" or not name or sight.device_known(seen, habits.login):
            return NORMAL
        known = habits.login
        if known.count < self.minimum_logins or seen.event.at - known.first_at < self.minimum_hours * 3600:
            return WARMING_UP
        label = (seen.agent.label or name)[:200]
        reasons = [Reason("device", label, sight.in_words([d.label for d in known.devices]) or None, 0.6)]
        if seen.network and not sight.network_known(seen, known):
            reasons.append(Reason("network", seen.place.organization[:200] or seen.network, None, 0.25))
        return Score(value=sum(r.contribution for r in reasons), reasons=reasons, subject=name[:128], facts=sight.facts(seen))

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        key = sight.device_key(seen)
        if seen.event.outcome != "success":
            return
        login, at = habits.login, int(seen.event.at)
        login.count += 1
        login.first_at = min(at, login.first_at or at)
        if key is not None:
            login.see_device(key, seen.agent.label[:60], at)

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        # The first device of an account is nobody's takeover; any later one may be, long before there is enough history to tell its owner.
        new = seen.event.outcome == "success" and bool(habits.login.devices) and bool(sight.device_name(seen))
        if not new or sight.device_known(seen, habits.login):
            return None
        # Whoever sits at home with a new phone is its owner, or somebody for whom no withdrawal should be stopped unasked.
        return None if login_risk.at_home(seen, habits.login.traits) else "device"
