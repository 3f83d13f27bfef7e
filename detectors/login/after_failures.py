"""A password guessed: failed attempts, then a sign-in that succeeds.

Score 1 - 2^(-n/m): 0.5 at m failures, 0.75 at twice as many. m is small for a device or network that the account doesn't know, and large
for its own: who has forgotten a password tries a few times, from home.
"""

from __future__ import annotations

from typing import ClassVar

from detectors.base import NORMAL, WARMING_UP, Detector, Gate, Score, Sighting, WarmingUp
from detectors.gates import SUCCEEDED
from detectors.login import sight
from domain.events import Login
from domain.habits import Habits
from domain.habits.login import Failure
from domain.messages import Reason

_GUESSES = ("wrong_password", "wrong_mfa", "blocked")


class AfterFailures(Detector):
    """Failures within `window_minutes` before the success. From the usual device and network those of the same origin alone count:
    others may well be guessing while the owner signs in."""

    events = (Login,)
    judges = SUCCEEDED
    counts: ClassVar[Gate] = {Login: {"outcome": _GUESSES}}
    failures_elsewhere: int
    failures_usual: int
    window_minutes: int

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        login, at = habits.login, seen.event.at
        if seen.event.outcome != "success":
            return NORMAL
        window = self.window_minutes * 60
        failures = [f for f in login.failures if 0 <= at - f.at <= window]
        if not failures:
            return NORMAL
        if not login.devices:
            return WARMING_UP
        usual = sight.device_known(seen, login) and (sight.network_known(seen, login) or not seen.network)
        if usual:
            mine, here = sight.device_key(seen), seen.network
            failures = [f for f in failures if f.device == mine or (f.device == 0 and f.network == here)]
        n, scale = len(failures), self.failures_usual if usual else self.failures_elsewhere
        if not n:
            return NORMAL
        value = 1 - 2 ** (-n / scale)
        reasons = [Reason("failures", n, "0", value if usual else value * 0.7)]
        if not usual:
            device = not sight.device_known(seen, login)
            label = seen.agent.label or seen.place.organization or seen.network
            reasons.append(
                Reason(
                    "device" if device else "network",
                    label[:200] or None,
                    sight.in_words([d.label for d in login.devices]) or None,
                    value - value * 0.7,
                )
            )
        return Score(
            value=value,
            reasons=reasons,
            subject=(sight.device_name(seen) or seen.network)[:128],
            facts=sight.facts(seen) | {"failures": str(n)},
        )

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        # Not a habit but a count: it holds whether or not the attempt was normal, and no device or network becomes known by it.
        if seen.event.outcome in _GUESSES:
            failure = Failure(int(seen.event.at), sight.device_key(seen) or 0, seen.network)
            habits.login.fail(failure, self.window_minutes * 60)
