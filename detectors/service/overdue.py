"""What is late, as service events of Vigil's own: the user is told before he asks.

They go to `service-events` like the exchange's, so that they are judged, told and kept like those. Ids come from what is late: found twice,
it is one event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from detectors.models.delays import Delays
from domain.events import Service


def overdue(delays: Delays, at: float) -> Iterator[Service]:
    """Those that became late by event time `at`."""
    for begun in delays.late(at):
        subject, asset, network = begun.about
        yield Service(
            event_id=f"late-{subject}-{begun.reference}"[:128],
            user_id=begun.user_id,
            occurred_at=datetime.fromtimestamp(at, UTC),
            subject=subject,  # type: ignore[arg-type]  # one of those that detectors begin
            problem="stuck" if subject == "kyc" else "delayed",
            reference=begun.reference,
            detail={name: value for name, value in (("asset", asset), ("network", network)) if value},
        )


class Waits:
    """What the users of a partition wait for. `cohorts`: the models of a partition by its number (detectors.models.partition)."""

    def __init__(self, cohorts: Callable[[int], Any] | None):
        self._cohorts = cohorts

    def overdue(self, partition: int, at: float) -> list[Service]:
        """What takes longer than usual as of event time `at`; each once."""
        return list(overdue(self._cohorts(partition).delays, at)) if self._cohorts else []

    def excuse(self, partition: int, transfer_id: str) -> None:
        """The exchange was asked to hold or check this withdrawal: that it takes longer is no news."""
        if self._cohorts:
            self._cohorts(partition).delays.end("withdrawal", transfer_id[:128], 0.0, done=False)
