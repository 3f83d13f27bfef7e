"""What a fraud verdict does to what was new with its event: that nobody objected speaks for it no longer.

A network or a browser that is told of says less from day to day as long as nobody objects (detectors.models.login_risk). Somebody did.
"""

from __future__ import annotations

from detectors.base import Sighting
from detectors.models.login_risk import path_of
from domain.clearing import KEPT
from domain.habits.traits import Traits


def refuse(seen: Sighting, traits: Traits, at: float) -> None:
    """What waits of an event of `at` begins to count as stood by for KEPT seconds later only; what is called genuine before is learned."""
    for level, key in enumerate(path_of(seen)):
        if traits.waits(level, key):
            traits.wait(level, key, int(at + KEPT))
