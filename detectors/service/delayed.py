"""A deposit or withdrawal takes longer than such transfers usually do.

That it does is said by the exchange, or found out: transfers begun and not done are watched (detectors.models.delays), and one that is late
comes back as a service event of its own. Score: waited / (waited + usual), one half at least: what the exchange says is told.
"""

from __future__ import annotations

from typing import ClassVar

from detectors.base import NORMAL, Detector, Gate, Score, Sighting
from detectors.service import causes
from domain.events import Service, Transfer
from domain.habits import Habits
from domain.messages import Reason

_SUBJECTS = ("deposit", "withdrawal", "order", "ticket")
_OVER = ("rejected", "failed", "cancelled")
_WATCHED = {"deposit": "deposit", "withdrawal": "withdrawal"}


class Delayed(Detector):
    """Usual is what nine in ten transfers of the same direction, asset and network take, over all users of the partition."""

    events = (Service, Transfer)
    judges: ClassVar[Gate] = {Transfer: {"status": ()}}

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event = seen.event
        if not isinstance(event, Service) or event.subject not in _SUBJECTS or event.problem not in ("delayed", "stuck"):
            return NORMAL
        waited, usual, told = self._known(event, seen, habits)
        value = 0.5 if waited is None or not usual else max(0.5, waited / (waited + usual))
        why = causes.cause(event.code, event.problem)
        told |= {
            "subject": event.subject,
            "transfer_id": (event.reference or "")[:128] if event.subject in _WATCHED else "",
            "waited_minutes": "" if waited is None else str(int(waited // 60)),
            "usual_minutes": "" if not usual else str(max(1, int(usual // 60))),
            "code": (event.code or "")[:64],
            "cause": why,
            "article": causes.article(event.subject, why),
        }
        minutes = None if waited is None else int(waited // 60)
        return Score(
            value=value,
            reasons=[Reason("waited", minutes, told["usual_minutes"] or None, value)],
            subject=f"{event.subject}|{(event.reference or '')[:128]}",
            facts={name: text for name, text in told.items() if text},
        )

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        event = seen.event
        if isinstance(event, Transfer):
            habits.positions.note_transfer(event)
        if seen.cohort is None:
            return
        delays = seen.cohort.delays
        if isinstance(event, Service):
            if event.problem == "resolved" and event.reference and event.subject in _WATCHED:
                delays.end(event.subject, event.reference[:128], event.at, done=False)
        elif event.direction in _WATCHED:
            reference = event.transfer_id[:128]
            if event.status == "completed" or event.status in _OVER:
                delays.end(event.direction, reference, event.at, done=event.status == "completed")
            else:
                delays.begin(event.direction, reference, event.user_id, event.at, event.asset, event.network or "")

    def _known(self, event: Service, seen: Sighting, habits: Habits) -> tuple[float | None, float | None, dict[str, str]]:
        """Seconds waited, seconds that nine in ten take, asset and network; as far as they are known."""
        if event.reference is None:
            return None, None, {}
        begun = None if seen.cohort is None else seen.cohort.delays.find(event.subject, event.reference[:128])
        if begun is not None:
            _, asset, network = begun.about
            told = {"asset": asset, "network": network}
            return max(event.at - begun.at, 0.0), seen.cohort.delays.usual(begun.kind), told
        flow = habits.transfer.flow(event.reference)
        return (None if flow is None else max(event.at - flow.at, 0.0)), None, {}
