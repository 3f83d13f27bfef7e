"""A ticket of the user's was opened, answered, waits for him, or was solved: the exchange says so. Score: one, always.

What is told are fixed words: nothing that an agent wrote goes into a message.
"""

from __future__ import annotations

import re

from detectors.base import NORMAL, Detector, Score, Sighting
from domain.events import Service
from domain.habits import Habits
from domain.messages import Reason

_STATES = (
    ("waiting", r"WAIT|PENDING_?(USER|CUSTOMER)|NEEDS?_|ACTION|ON_?HOLD_?USER|INFO_?REQUIRED"),
    ("answered", r"ANSWER|REPL(Y|IED)|RESPON"),
    ("opened", r"OPEN|CREATED|NEW\b|RECEIVED|SUBMITTED"),
    ("solved", r"SOLVED|DONE|FIXED"),
    ("closed", r"CLOSED|CANCEL|EXPIRED|MERGED"),
)
_PATTERNS = [(state, re.compile(pattern)) for state, pattern in _STATES]
_OVER = {"resolved": "solved", "rejected": "closed", "failed": "closed"}


class TicketProgress(Detector):
    """What became of it is read from `problem`, else from `code`, else from `detail.status`; where none says it, there is news."""

    events = (Service,)

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event: Service = seen.event
        if event.subject != "ticket" or event.problem not in ("progress", *_OVER):
            return NORMAL
        state, ticket = _OVER.get(event.problem) or _state(event), (event.reference or "")[:128]
        told = {"subject": "ticket", "ticket": ticket, "ticket_state": state, "article": "support"}
        return Score(
            value=1.0,
            reasons=[Reason("ticket_state", state, None, 1.0)],
            subject=f"{ticket}|{state}|{event.event_id}"[:256],
            facts={name: text for name, text in told.items() if text},
        )


def _state(event: Service) -> str:
    status = (event.detail or {}).get("status")
    for text in (event.code, status if isinstance(status, str) else None):
        words = re.sub(r"[\s-]+", "_", (text or "")[:64].upper())
        for state, pattern in _PATTERNS:
            if pattern.search(words):
                return state
    return "progress"
