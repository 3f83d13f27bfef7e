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
from domain.habits.login import OpenSession, short
from domain.messages import Reason


class SessionStolen(Detector):
    """Every event with a session id against how that session began."""

    events = (Login, Transfer, Trade, AccountChange)
    judges = counts = IN_SESSION

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        client, login = seen.event.where, habits.login
        begun = self._elsewhere(seen, habits)
        if begun is None:
            return NORMAL
        now = _as_is(seen, begun.key)
        if not (now.system and begun.system):
            return NORMAL
        if now.system == begun.system:
            # An app and the browser of the same phone may share a session.
            value = 0.6 if now.browser and begun.browser and now.browser != begun.browser else 0.0
        else:
            value = 1.0 if begun.device and begun.device != now.device else 0.9
        if not value:
            return NORMAL
        device = next((d.label for d in login.devices if d.key & 0xFFFF_FFFF == begun.device), "")
        usual = next((name for name in login.networks if short(name) == begun.network), None)
        reasons = [
            Reason("session_network", (seen.place.organization or seen.network)[:200], usual, value / 2),
            Reason("session_agent", seen.agent.label[:200], device or None, value / 2),
        ]
        facts = sight.facts(seen, mfa=False) | ({"previous_device": device} if device else {})
        return Score(value=value, reasons=reasons, subject=(client.session_id or "")[:128], facts=facts)

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        session = seen.event.where.session_id
        if session and getattr(seen.event, "outcome", "success") == "success":
            known = habits.login.session(key := short(session))
            if known is None or seen.event.at < known.at:
                habits.login.begin(_as_is(seen, key))

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        if self._elsewhere(seen, habits) is None:
            return None
        if self.score_one(seen, habits).value >= 0.5:
            return "session"
        # A network that is none of the account's is nothing by itself; but a careful thief takes the browser's name with the cookie.
        return "network" if not seen.place.mobile and seen.network not in habits.login.networks else None

    @staticmethod
    def _elsewhere(seen: Sighting, habits: Habits) -> OpenSession | None:
        """How the session began, where it goes on from another network."""
        session = seen.event.where.session_id
        begun = habits.login.session(short(session)) if session else None
        return begun if begun is not None and begun.network and short(seen.network) not in (begun.network, 0) else None


def _as_is(seen: Sighting, key: int) -> OpenSession:
    """How the session is used now."""
    agent, device = seen.agent, seen.event.where.device_id
    browser = 0 if agent.browser == "app" else short(agent.browser)
    return OpenSession(key, int(seen.event.at), short(seen.network), short(agent.system), browser, short(device or ""))
