"""A sign-in that is more likely somebody else's: by all that it came with, together (detectors.models.login_risk).

The score is the probability of an attack where one sign-in in a thousand is one; 0.5 at a likelihood ratio of a thousand.
"""

from __future__ import annotations

from datetime import UTC

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import SUCCEEDED
from detectors.login import sight
from detectors.models import login_risk
from domain.events import Login
from domain.habits import Habits
from domain.habits.login import LoginHabits
from domain.messages import Reason

NOT_WORTH_SAYING = 0.05


class Risk(Detector):
    """Sign-ins that succeeded. It teaches the traits of sign-ins, to which the risk of every sign-in goes back."""

    events = (Login,)
    judges = counts = teaches = SUCCEEDED
    minimum_logins: int

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        login = habits.login
        if seen.event.outcome != "success":
            return NORMAL
        weighed = login_risk.weigh(seen, login.traits)
        if weighed.sign_ins < self.minimum_logins:
            return WARMING_UP
        against = {name: part for name, part in zip(login_risk.FEATURES, weighed.parts, strict=True) if part > 0}
        if not against or weighed.risk < NOT_WORTH_SAYING:
            return NORMAL
        value, whole = weighed.risk, sum(against.values())
        reasons = [
            Reason(name, _value(name, seen), _usual(name, login), value * part / whole)
            for name, part in sorted(against.items(), key=lambda item: -item[1])
        ]
        return Score(value=value, reasons=reasons, subject=sight.subject(seen), facts=sight.facts(seen))

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        if seen.event.outcome == "success":
            login_risk.count(seen, habits.login.traits)

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        if seen.event.outcome == "success":
            login_risk.learn(seen, habits.login.traits)
            if seen.event.mfa:
                habits.account.see_mfa(seen.event.mfa, int(seen.event.at))


def _value(feature: str, seen: Sighting) -> str | None:
    values = {
        "country": seen.place.country,
        "network": seen.place.organization or seen.network,
        "device": seen.agent.label or sight.device_name(seen),
        "browser": sight.browser(seen) or seen.agent.label,
        "hour": f"{seen.event.occurred_at.astimezone(UTC):%H}",
    }
    return values[feature][:200] or None


def _usual(feature: str, login: LoginHabits) -> str | None:
    values = {
        "country": list(login.countries),
        "network": list(login.networks),
        "device": [d.label for d in login.devices],
        "browser": [b for d in login.devices for b in d.browsers[-1:]],
        "hour": [f"{hour:02}" for hour in sorted(range(24), key=login.traits.hours.__getitem__)[-3:]] if login.traits.hours else [],
    }
    return sight.in_words(values[feature]) or None
