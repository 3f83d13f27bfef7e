"""A sign-in from a country that the account has not signed in from.

Score 0.8, 0.9 with a network never seen, 1.0 when the device is new as well.
"""

from __future__ import annotations

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import SUCCEEDED
from detectors.login import sight
from domain.events import Login
from domain.habits import Habits
from domain.habits.login import MAX_COUNTRIES, remember
from domain.messages import Reason


class NewCountry(Detector):
    """By the network address. An exit that many share says nothing about a known device's whereabouts; it doesn't excuse a new device."""

    events = (Login,)
    judges = teaches = SUCCEEDED
    minimum_logins: int
    settling_days: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        login, country = habits.login, seen.place.country
        if not self._new(seen, habits):
            return NORMAL
        if login.count < self.minimum_logins or not login.countries or self._settling(seen, habits):
            return WARMING_UP
        usual = sight.in_words(sorted(login.countries, key=login.countries.__getitem__))
        reasons = [Reason("country", country, usual or None, 0.8)]
        if not sight.network_known(seen, login):
            reasons.append(Reason("network", seen.place.organization[:200] or seen.network, None, 0.1))
        if not sight.device_known(seen, login):
            reasons.append(
                Reason(
                    "device",
                    seen.agent.label or sight.device_name(seen)[:200] or None,
                    sight.in_words([d.label for d in login.devices]) or None,
                    0.1,
                )
            )
        facts = sight.facts(seen)
        if login.last is not None:
            facts |= {k: v for k, v in (("previous_city", login.last.city), ("previous_country", login.last.country)) if v}
        return Score(value=min(1.0, sum(r.contribution for r in reasons)), reasons=reasons, subject=country, facts=facts)

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        if seen.event.outcome == "success" and seen.place.country and not seen.place.shared_exit:
            remember(habits.login.countries, seen.place.country, int(seen.event.at), MAX_COUNTRIES)

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        new = bool(habits.login.countries) and self._new(seen, habits) and not self._settling(seen, habits)
        return "country" if new else None

    def _settling(self, seen: Sighting, habits: Habits) -> bool:
        """Who was first seen on a journey comes home with the same device; without a word from the owner that would be told for ever."""
        young = seen.event.at - habits.login.first_at < self.settling_days * 86_400
        return young and sight.device_known(seen, habits.login)

    def _new(self, seen: Sighting, habits: Habits) -> bool:
        if seen.event.outcome != "success" or not seen.place.country or seen.place.country in habits.login.countries:
            return False
        return not (seen.place.shared_exit and sight.device_known(seen, habits.login))
