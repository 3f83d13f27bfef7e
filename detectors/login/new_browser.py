"""A known device with a browser, or a major version of it, that it has not used. For the record: browsers update themselves."""

from __future__ import annotations

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import SUCCEEDED
from detectors.login import sight
from domain.events import Login
from domain.habits import Habits
from domain.habits.login import MAX_BROWSERS
from domain.messages import Reason


class NewBrowser(Detector):
    """Score 0.5 for another major version, 0.9 for another browser."""

    events = (Login,)
    judges = teaches = SUCCEEDED

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        key, browser = sight.device_key(seen), sight.browser(seen)
        if seen.event.outcome != "success" or key is None or not browser:
            return NORMAL
        known = habits.login.device(key)
        if known is None or browser in known.browsers:
            return NORMAL
        if not known.browsers:
            return WARMING_UP
        family = seen.agent.browser + " "
        value = 0.5 if any((b + " ").startswith(family) for b in known.browsers) else 0.9
        reason = Reason("browser", browser[:200], sight.in_words(known.browsers), value)
        return Score(value=value, reasons=[reason], subject=f"{sight.device_name(seen)[:80]}|{browser[:40]}", facts=sight.facts(seen))

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        key, browser = sight.device_key(seen), sight.browser(seen)[:40]
        if seen.event.outcome == "success" and key is not None and browser:
            device = habits.login.see_device(key, seen.agent.label[:60], int(seen.event.at))
            device.browsers = [*(b for b in device.browsers if b != browser), browser][-MAX_BROWSERS:]
