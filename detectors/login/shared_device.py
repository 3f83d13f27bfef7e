"""One device, many accounts: a farm of mules, or a thief going through what he bought.

Score 1 - 2^(-n/m) for n other accounts within a month.
"""

from __future__ import annotations

from detectors.base import NORMAL, Detector, Score, Sighting
from detectors.gates import SUCCEEDED
from detectors.login import sight
from domain.crowd import SETS
from domain.events import Login
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.messages import Reason

KIND = "device-accounts"


class SharedDevice(Detector):
    """By the device id alone. Families share one: a few are nobody's business. Told once, while the device is new to the account. An id
    that more accounts have than are counted is no device, but what an app sends that can't name it."""

    events = (Login,)
    judges = counts = SUCCEEDED
    accounts: int

    def crowd_one(self, seen: Sighting) -> tuple[tuple[str, str], ...]:
        key = _key(seen)
        return ((KIND, key),) if key and seen.event.outcome == "success" else ()

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        key = _key(seen)
        if not key or seen.event.outcome != "success" or sight.device_known(seen, habits.login):
            return NORMAL
        me = str(fingerprint(seen.event.user_id))
        n = sum(member != me for member, _ in seen.crowd.members(KIND, key, seen.event.at))
        if not n or n >= SETS[KIND].most - 1:
            return NORMAL
        value = 1 - 2 ** (-n / self.accounts)
        facts = sight.facts(seen) | {"accounts": str(n + 1)}
        return Score(value=value, reasons=[Reason("accounts", n + 1, "1", value)], subject=sight.subject(seen), facts=facts)

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        if (key := _key(seen)) and seen.event.outcome == "success":
            seen.crowd.add(KIND, key, str(fingerprint(seen.event.user_id)), seen.event.at)


def _key(seen: Sighting) -> str:
    device = seen.event.where.device_id
    return str(fingerprint(device)) if device else ""
