"""A new API key that may take money out: whoever holds it needs neither password nor second factor again.

Score 1.0 for a key that works from any address, 0.7 for one that is bound to addresses.
"""

from __future__ import annotations

from detectors.account import recent
from detectors.base import NORMAL, Detector, Score, Sighting
from domain.events import AccountChange
from domain.habits import Habits
from domain.messages import Reason


class WithdrawalRight(Detector):
    """Told each time; nothing to warm up for."""

    events = (AccountChange,)

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event: AccountChange = seen.event
        if not recent.may_withdraw(event):
            return NORMAL
        permissions = ",".join(event.about.permissions or [])[:200]
        restricted = "yes" if event.about.ip_restricted else "no"
        reasons = [Reason("permissions", permissions, None, 0.7)]
        if restricted == "no":
            reasons.append(Reason("ip_restricted", restricted, None, 0.3))
        facts = {"permissions": permissions, "ip_restricted": restricted, "api_key": (event.about.new or "")[:128]}
        return Score(
            value=sum(r.contribution for r in reasons),
            reasons=reasons,
            subject=(event.about.new or event.event_id)[:128],
            facts={name: value for name, value in facts.items() if value},
        )

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        return "withdrawal_right" if recent.may_withdraw(seen.event) else None
