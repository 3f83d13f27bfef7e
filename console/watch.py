"""Whether the worker is awake: its heartbeats, the lamp, and an hour of event rates as this process saw them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from domain.status import Heartbeat

FRESH_SECONDS = 15.0
"""A worker that said nothing for so long is not consuming."""
KEEP = 720
"""Points of the rate kept: an hour at one each five seconds."""


@dataclass(frozen=True)
class Watch:
    """What the rail and the overview say of the workers. Rates in events a second, lag and age in seconds; None where unknown."""

    lamp: str
    word: str
    line: str
    workers: list[Heartbeat] = field(default_factory=list)
    rate: float | None = None
    lag: float | None = None
    lag_events: int | None = None
    commit_age: float | None = None
    dead_letters: int = 0


def watch(beats: list[Heartbeat], now: datetime) -> Watch:
    """The state of the watch from the newest heartbeats."""
    fresh = [beat for beat in beats if now.timestamp() - beat.at <= FRESH_SECONDS]
    detecting = [beat for beat in fresh if beat.role == "detect"]
    if not detecting:
        word = "Not watching" if not beats else "Not watching: no word from a worker"
        return Watch("out", word, "no worker consumes", fresh)
    lag = max(beat.lag_seconds for beat in detecting)
    partitions = sum(beat.partitions for beat in detecting)
    return Watch(
        "lit",
        "Watching",
        f"{partitions} partitions, lag {lag:.1f} s",
        fresh,
        rate=sum(beat.events_per_second for beat in detecting),
        lag=lag,
        lag_events=sum(beat.lag_events for beat in detecting),
        commit_age=max((now.timestamp() - beat.committed_at for beat in detecting if beat.committed_at), default=None),
        dead_letters=sum(beat.dead_letters for beat in detecting),
    )


class Rates:
    """Samples of the rate, oldest first, for the chart."""

    def __init__(self) -> None:
        self.points: deque[tuple[int, float]] = deque(maxlen=KEEP)

    def add(self, now: datetime, rate: float | None) -> None:
        if rate is not None:
            self.points.append((int(now.timestamp()), round(rate, 1)))

    def columns(self) -> list[list[float]]:
        """Times and rates, as the chart takes them."""
        return [[float(at) for at, _ in self.points], [rate for _, rate in self.points]]
