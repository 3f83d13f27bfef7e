"""What a detector is.

A score is in [0, 1], high means anomalous; a finding is raised where it reaches the detector's threshold. Too little history is said as
WARMING_UP, never as score 0. `score_one` changes nothing and reads no clock; `learn_one` is called after the decision, and not at all for
an event that raised a finding, until that is cleared. What has to be counted whether it was normal or not (failures, a day's outflow) is
counted by `count_one`, once an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

import msgspec

from domain.crowd import Crowd, MemoryCrowd
from domain.events import Event
from domain.habits import Habits
from domain.habits.login import network_key
from domain.messages import Reason
from domain.once import once
from domain.place import NO_AGENT, NOWHERE, Agent, Place
from domain.severity import Severity


class WarmingUp:
    """The type of WARMING_UP."""

    def __repr__(self) -> str:
        return "WARMING_UP"


WARMING_UP: Final = WarmingUp()


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How anomalous one event is, and why. Contributions of `reasons` add up to `value`."""

    value: float
    reasons: list[Reason] = []
    subject: str | None = None
    """What it is about (a device, a country, an address): the unit of cooldown. None: the detector as a whole."""
    severity: Severity | None = None
    """Where it differs from the detector's own."""
    facts: dict[str, str] = {}
    """For the words: names of domain.facts.FACTS."""
    tells: list[Event] = []
    """Where it is told: events for other users that follow from it, with ids that are the same whenever this is found again."""


NORMAL: Final = Score(value=0.0)


class Sighting(msgspec.Struct, frozen=True, dict=True):
    """An event with what its address and user agent say."""

    event: Any  # one of the types in Detector.events: mypy can't narrow a class attribute
    place: Place = NOWHERE
    agent: Agent = NO_AGENT
    cohort: Any = None
    """The models of the partition by name (detectors.models.partition), None where there are none."""
    crowd: Crowd = msgspec.field(default_factory=MemoryCrowd)
    """What many accounts have in common; the sets that `crowd_one` named are there, of others nothing is known."""
    listed: str = ""
    """Name of the list that holds the address of a transfer, '' where none does."""
    confirmed: bool = False
    """It is learned because someone said that it was genuine, not because it passed or nobody objected for a day."""

    @once
    def network(self) -> str:
        """Name of the network (domain.habits.login.network_key), '' when no address is told."""
        return network_key(self.place, self.event.where.ip)


Gate = Mapping[type[Any], Mapping[str, tuple[Any, ...]]]
"""Type of event -> attribute -> values that it has to have; of a type that isn't named every event passes, with () none. Attributes with
few values only: what is asked is settled once for each combination (detectors.plan)."""


class Detector:
    """Base of all detectors. Parameters of the .yml (and config/detectors.yaml) become attributes."""

    events: ClassVar[tuple[type[Any], ...]] = ()
    """Event types that it is asked about."""
    judges: ClassVar[Gate] = {}
    """Which of them: of others score_one would say NORMAL and step_one None, so they aren't asked."""
    counts: ClassVar[Gate] = {}
    """The same for count_one, which would do nothing."""
    teaches: ClassVar[Gate] = {}
    """The same for learn_one."""

    def __init__(self, **parameters: Any) -> None:
        for name, value in parameters.items():
            setattr(self, name, value)

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        """How anomalous the sighting is against the habits; pure."""
        raise NotImplementedError

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        """Takes the sighting into the habits as normal. Events may come late: never assume that event time grows."""

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        """Takes what happened into windows and counters, flagged or not; called once an event, after the decision and before learn_one."""

    def crowd_one(self, seen: Sighting) -> Iterable[tuple[str, str]]:
        """(kind, key) of the sets in `seen.crowd` that score_one or count_one will read for this sighting; pure. They are fetched before.
        What is only added to, never read, needs no naming."""
        return ()

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        """What a story may count this sighting as (`device`, a change, an address), None for nothing. Asked before learning, and even where
        the detector is warming up or switched off: an attack on a young account is an attack."""
        return None


__all__ = ["NORMAL", "WARMING_UP", "Detector", "Event", "Score", "Sighting", "WarmingUp"]
