"""The check of a user's identity stands still: said by the exchange, or found out (see delayed).

Score: 0.5 on the first day, rising to 1.
"""

from __future__ import annotations

from detectors.base import NORMAL, Detector, Score, Sighting
from detectors.service import causes
from domain.events import AccountChange, Service
from domain.habits import Habits
from domain.messages import Reason

_DECIDED = ("kyc_approved", "kyc_rejected")


class KycStuck(Detector):
    """Days count from the first that was heard of the check."""

    events = (Service, AccountChange)

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event = seen.event
        if not isinstance(event, Service) or event.subject != "kyc" or event.problem not in ("stuck", "delayed"):
            return NORMAL
        since = habits.service.kyc_since
        days = int(max(event.at - since, 0.0) // 86_400) if since else 0
        value = 1.0 - 0.5 / (1.0 + days)
        why = causes.cause(event.code, event.problem)
        told = {
            "subject": "kyc",
            "stuck_days": str(days),
            "code": (event.code or "")[:64],
            "cause": why,
            "article": causes.article("kyc", why),
        }
        return Score(
            value=value,
            reasons=[Reason("stuck_days", days, None, value)],
            subject="kyc",
            facts={name: text for name, text in told.items() if text},
        )

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        event, service = seen.event, habits.service
        if isinstance(event, AccountChange):
            if event.change in _DECIDED:
                service.kyc_since = 0
                if seen.cohort is not None:
                    seen.cohort.delays.end("kyc", event.user_id, event.at)
        elif event.subject == "kyc":
            if event.problem == "resolved":
                service.kyc_since = 0
            else:
                service.kyc_since = min(service.kyc_since or int(event.at), int(event.at))
            if seen.cohort is not None and event.problem == "progress":
                seen.cohort.delays.begin("kyc", event.user_id, event.user_id, event.at)
