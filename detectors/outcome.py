"""What came of one event."""

from __future__ import annotations

from typing import Any

import msgspec

from domain.events import Event
from domain.messages import Finding
from domain.profile import Pending


class Outcome(msgspec.Struct):
    """The engine's answer. Lists are empty where nothing of the kind happened."""

    findings: list[Finding] = []
    risk: float = 0.0
    """[0, 1]; ranks events by how likely they are fraud, whatever fired."""
    judged: Any = None
    """detectors.models.risk.Judged: what the risk is made of."""
    record: Any = None
    """detectors.models.learner.Record, where the engine is asked to make them."""
    warming_up: bool = False
    """A detector had too little history to judge."""
    repeated: bool = False
    """The event had been handled before: its findings are given again while they wait, nothing else happened."""
    cleared: list[Pending] = []
    condemned: list[Pending] = []
    recorded: list[Pending] = []
    """A verdict that proves the mailbox only spoke about these; they are too grave for it."""
    tells: list[Event] = []
    """Events for other users that follow from this one, to be published on their topics."""
    errors: list[tuple[str, Exception]] = []
    """(detector id, what it raised)."""
