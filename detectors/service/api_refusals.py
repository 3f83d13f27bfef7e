"""The exchange refuses requests of an account again and again for one cause. Score: refusals / (refusals + minimum) within the window."""

from __future__ import annotations

from detectors.base import NORMAL, Detector, Score, Sighting
from detectors.service import causes
from domain.events import Service
from domain.habits import Habits
from domain.habits.service import MAX_REFUSALS, Refusals
from domain.messages import Reason

_REFUSED = ("rate_limited", "rejected", "failed")


class ApiRefusals(Detector):
    """Refused API requests and orders, by cause."""

    events = (Service,)
    window_minutes: int
    minimum_refusals: int

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event: Service = seen.event
        if event.subject not in ("api", "order") or event.problem not in _REFUSED:
            return NORMAL
        why = causes.cause(event.code, event.problem)
        before = habits.service.refused(event.subject, why)
        number = 1 + (before.count if before is not None and self._within(before, event.at) else 0)
        if number < self.minimum_refusals:
            return NORMAL
        value = number / (number + self.minimum_refusals)
        told = {
            "subject": event.subject,
            "code": (event.code or "")[:64],
            "cause": why,
            "refusals": str(number),
            "window_minutes": str(self.window_minutes),
            "api_key": (event.where.api_key_id or "")[:128],
            "article": causes.article(event.subject, why),
        }
        return Score(
            value=value,
            reasons=[Reason("refusals", number, f"below {self.minimum_refusals}", value)],
            subject=f"{event.subject}|{why}",
            facts={name: text for name, text in told.items() if text},
        )

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        event: Service = seen.event
        if event.subject not in ("api", "order") or event.problem not in _REFUSED:
            return
        why, at, kept = causes.cause(event.code, event.problem), int(event.at), habits.service.refusals
        known = habits.service.refused(event.subject, why)
        if known is None:
            if len(kept) >= MAX_REFUSALS:
                kept.remove(min(kept, key=lambda r: r.last_at))
            kept.append(Refusals(event.subject, why, at, at))
        elif self._within(known, event.at):
            known.count, known.last_at = known.count + 1, max(known.last_at, at)
        elif at > known.since:
            known.since, known.last_at, known.count = at, at, 1

    def _within(self, known: Refusals, at: float) -> bool:
        return 0.0 <= at - known.since < self.window_minutes * 60.0
