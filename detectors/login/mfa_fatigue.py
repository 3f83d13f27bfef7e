"""Requests for the second factor, one after another, until one is confirmed: by a tired owner, for somebody who has the password.

Score 1 - 2^(-n/m) for n requests not confirmed: 0.5 at m of them, m larger for the account's own device and network, where
codes are mistyped.
"""

from __future__ import annotations

from detectors.base import NORMAL, Detector, Score, Sighting
from detectors.gates import SUCCEEDED
from detectors.login import sight
from domain.events import Login
from domain.habits import Habits
from domain.habits.login import MAX_PROMPTS
from domain.messages import Reason


class MfaFatigue(Detector):
    """Sign-ins that succeed with a second factor within `window_minutes` of requests that did not. Nothing to warm up for."""

    events = (Login,)
    judges = SUCCEEDED
    prompts_elsewhere: int
    prompts_usual: int
    window_minutes: int

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        login, at = habits.login, seen.event.at
        if not login.prompts or seen.event.outcome != "success" or seen.event.mfa == "none":
            return NORMAL
        n = sum(0 <= at - prompt <= self.window_minutes * 60 for prompt in login.prompts)
        usual = sight.device_known(seen, login) and sight.network_known(seen, login)
        value = 1 - 2 ** (-n / (self.prompts_usual if usual else self.prompts_elsewhere))
        if not n:
            return NORMAL
        facts = sight.facts(seen) | {"prompts": str(n), "window_minutes": str(self.window_minutes)}
        return Score(value=value, reasons=[Reason("prompts", n, "0", value)], subject=sight.subject(seen), facts=facts)

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        if seen.event.outcome == "wrong_mfa":
            prompts = sorted([*habits.login.prompts, int(seen.event.at)])
            habits.login.prompts = [p for p in prompts if prompts[-1] - p <= self.window_minutes * 60][-MAX_PROMPTS:]

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        score = self.score_one(seen, habits)
        return "prompts" if score.value >= 0.5 else None
