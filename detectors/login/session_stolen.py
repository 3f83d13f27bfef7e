"""A session that goes on elsewhere: a stolen cookie. Mid-session both its network and what it is used with are others.

A phone changes networks all day, a browser may change what it calls itself; both at once, within one session, is another machine. Score 0.9
for another system, 1.0 when the device id is another as well, 0.6 for another browser on the same system.
"""

from __future__ import annotations

from detectors.base import NORMAL, Detector, Score, Sighting
from detectors.gates import IN_SESSION
from detectors.login import sight
from domain.events import AccountChange, Login, Trade, Transfer
from domain.habits import Habits
from domain.habits.login import OpenSession, fingerprint
from domain.messages import Reason


class SessionStolen(Detector):
    """Every event with a session id against how that session began."""

    events = (Login, Transfer, Trade, AccountChange)
    judges = counts = IN_SESSION

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        client = seen.event.where
        begun = habits.login.session(fingerprint(client.session_id)) if client.session_id else None
        if begun is None or not begun.label or not seen.agent.label or seen.agent.label == begun.label:
            return NORMAL
        network = sight.network(seen)
        if not network or not begun.network or network == begun.network:
            return NORMAL
        system = begun.label.rpartition(" on ")[2].removesuffix(" app")
        if system != seen.agent.system:
            value = 1.0 if begun.device and begun.device != sight.device_key(seen) else 0.9
        elif "app" in (seen.agent.browser, *begun.label.split()):
            return NORMAL  # an app and the browser of the same phone may share a session
        else:
            value = 0.6
        reasons = [
            Reason("session_network", (seen.place.organization or network)[:200], begun.network, value / 2),
            Reason("session_agent", seen.agent.label[:200], begun.label, value / 2),
        ]
        facts = sight.facts(seen, mfa=False) | {"previous_device": begun.label, "previous_city": begun.city}
        return Score(value=value, reasons=reasons, subject=(client.session_id or "")[:128], facts={k: v for k, v in facts.items() if v})

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        client = seen.event.where
        if client.session_id and getattr(seen.event, "outcome", "success") == "success":
            key = fingerprint(client.session_id)
            if habits.login.session(key) is None:
                device = sight.device_key(seen) if client.device_id else None
                network, city, label = sight.network(seen)[:40], seen.place.city[:40], seen.agent.label[:40]
                habits.login.begin(OpenSession(key, int(seen.event.at), network, city, label, device or 0))

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        if self.score_one(seen, habits).value >= 0.5:
            return "session"
        return "network" if self._moved(seen, habits) else None

    @staticmethod
    def _moved(seen: Sighting, habits: Habits) -> bool:
        """Whether the session goes on from a network that is none of the account's: nothing by itself, a careful thief takes the browser's
        name with the cookie."""
        client = seen.event.where
        begun = habits.login.session(fingerprint(client.session_id)) if client.session_id else None
        if begun is None or not begun.network or seen.place.mobile:
            return False
        network = sight.network(seen)[:40]
        return bool(network) and network != begun.network and network not in habits.login.networks
