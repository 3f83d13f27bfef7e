"""An API key does what it never did, or at an hour when it never does anything.

Score: 0.9 for a first withdrawal or account change, 0.7 for a first trade or sign-in, of a key with a history; 0.6 for an hour that lies
away from all of its own.
"""

from __future__ import annotations

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import KEYED
from detectors.trading import keys
from domain.habits import Habits
from domain.habits.keys import ApiKey
from domain.habits.login import fingerprint
from domain.messages import Reason

_NEW = {"withdrawal": 0.9, "internal_out": 0.9, "account_change": 0.9, "trade": 0.7, "login": 0.7}
_HOUR = 0.6


class ApiKeyUnusualUse(Detector):
    """Hours are UTC: programs know no other."""

    events = keys.EVENTS
    judges = teaches = KEYED
    minimum_uses: int
    minimum_days: float
    hour_uses: int

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        name, done = keys.key_id(seen), None
        if not name or (done := keys.action(seen)) is None:
            return NORMAL
        known = keys.known(seen, habits)
        days = 0.0 if known is None else (seen.event.at - known.first_at) / 86_400.0
        if known is None or known.count < self.minimum_uses or days < self.minimum_days:
            return WARMING_UP
        before = ", ".join(sorted(known.actions))
        told = {"api_key": name[:128], "key_action": done, "usual_actions": ",".join(sorted(known.actions))}
        if done not in known.actions and known.actions:
            value, reason = _NEW[done], Reason("key_action", done, before, _NEW[done])
        elif known.count >= self.hour_uses and _far(hour := int(seen.event.at // 3600) % 24, known):
            value, reason = _HOUR, Reason("key_hour", hour, None, _HOUR)
        else:
            return NORMAL
        return Score(
            value=value,
            reasons=[reason],
            subject=f"{fingerprint(name)}|{done}|{reason.feature}",
            facts={fact: text for fact, text in told.items() if text},
        )

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        name, done = keys.key_id(seen), None
        if not name or (done := keys.action(seen)) is None:
            return
        known = habits.keys.see(fingerprint(name), int(seen.event.at))
        known.hours |= 1 << int(seen.event.at // 3600) % 24
        if done not in known.actions:
            known.actions = [*known.actions, done]

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        """What the key does, where it never did that."""
        known = keys.known(seen, habits)
        done = keys.action(seen) if known is not None else None
        return done if known is not None and done is not None and known.actions and done not in known.actions else None


def _far(hour: int, known: ApiKey) -> bool:
    """Whether the hour and those around it are none of the key's."""
    near = sum(1 << (hour + off) % 24 for off in (-1, 0, 1))
    return known.hours > 0 and not known.hours & near
