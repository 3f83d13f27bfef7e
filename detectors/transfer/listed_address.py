"""A withdrawal to an address on a list: sanctions, known scams. Lists are files of the operator's (stores.lists)."""

from __future__ import annotations

from detectors.base import NORMAL, Detector, Score, Sighting
from detectors.gates import ASKED
from domain.events import Transfer
from domain.habits import Habits
from domain.messages import Reason


class ListedAddress(Detector):
    """Score 1, whatever the account did before: a payee that was put on a list yesterday is told today."""

    events = (Transfer,)
    judges = ASKED

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        if not seen.listed or not seen.event.asked:
            return NORMAL
        reasons = [Reason("listed", seen.listed, None, 1.0)]
        facts = seen.event.told | {"list": seen.listed[:200]}
        return Score(value=1.0, reasons=reasons, subject=seen.event.payee[0], facts=facts)

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        return "listed" if seen.listed and seen.event.asked else None
