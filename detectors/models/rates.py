"""How often each detector fires: what an alert is worth as evidence.

An alert that one event in ten raises says little, one that ten thousand don't raise says much, whatever its severity. One model a
partition.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

PRIOR = {"info": 0.1, "notice": 0.02, "warning": 0.001, "critical": 0.00002}
"""Share of events that raise an alert of a severity, before any was seen."""
STRENGTH = {"info": 300.0, "notice": 300.0, "warning": 2_000.0, "critical": 5_000.0}
"""How many events that assumption is worth: what was made to be rare is believed to be until it isn't, for the few that are seen first are
rather the frauds it was made for."""
HALVE = 1 << 18
"""Events of a type after which all counts are halved, so that the rates follow the times."""


class Rates:
    """Counts of events by type and of alerts by detector."""

    def __init__(self) -> None:
        self.judged: dict[str, float] = {}
        self.fired: dict[str, dict[str, float]] = {}

    def count(self, kind: str, fired: Iterable[str]) -> None:
        """Takes an event of a type, and the detectors that fired on it."""
        seen = self.judged[kind] = self.judged.get(kind, 0.0) + 1.0
        for name in fired:
            counts = self.fired.setdefault(kind, {})
            counts[name] = counts.get(name, 0.0) + 1.0
        if seen >= HALVE:
            self.judged[kind] = seen / 2.0
            self.fired[kind] = {name: many / 2.0 for name, many in self.fired.get(kind, {}).items() if many >= 1.0}

    def nats(self, kind: str, name: str, severity: str) -> float:
        """What an alert of the detector on an event of the type is worth."""
        fired = self.fired.get(kind, {}).get(name, 0.0)
        strength = STRENGTH[severity]
        return worth((fired + strength * PRIOR[severity]) / (self.judged.get(kind, 0.0) + strength))

    def export(self) -> dict[str, Any]:
        """Plain counts."""
        return {"judged": self.judged, "fired": self.fired}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Becomes the model that exported these. Raises ValueError, TypeError or KeyError for anything else."""
        judged = {str(kind): float(many) for kind, many in data["judged"].items()}
        fired = {str(kind): {str(n): float(m) for n, m in counts.items()} for kind, counts in data["fired"].items()}
        if not all(math.isfinite(many) and many >= 0.0 for many in judged.values()):
            raise ValueError("expected counts")
        self.judged, self.fired = judged, fired


def worth(probability: float) -> float:
    """Evidence in nats of something this improbable among ordinary events: -log p, less what a bound on the odds allows (Sellke, Bayarri
    and Berger 2001, doi:10.1198/000313001300339950): an improbable thing is improbable for a fraud too."""
    surprise = -math.log(min(max(probability, 1e-12), 1.0))
    return surprise - math.log1p(surprise)
