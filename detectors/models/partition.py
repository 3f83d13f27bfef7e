"""The models that all users of a partition share: by name, one of each a partition. `seen.cohort.withdrawals` is one of them.

Another is a row in MODELS. A worker keeps them over a restart (streams.cohorts); a partition's model sees its users alone.
"""

from __future__ import annotations

from typing import Any, Protocol

from detectors.models.alarms import Alarms
from detectors.models.attempts import Attempts
from detectors.models.begun import Begun
from detectors.models.cohort import Cohort
from detectors.models.delays import Delays
from detectors.models.limits import Limits
from detectors.models.logins import Logins
from detectors.models.markets import Markets
from detectors.models.rates import Rates
from detectors.models.season import Season
from detectors.models.tails import Tails


class Model(Protocol):
    """What a model has to have to be kept. Its size is bounded; it learns in learn_one or count_one of a detector."""

    def export(self) -> Any:
        """All that it knows as plain data for msgpack: dicts, lists, numbers, strings, bytes."""
        ...

    def restore(self, data: Any) -> None:
        """Becomes the model that exported this. Raises ValueError, TypeError or KeyError for data of another make; the model is dropped
        then."""
        ...


MODELS: dict[str, type[Model]] = {
    "withdrawals": Cohort,
    "delays": Delays,
    "logins": Logins,
    "attempts": Attempts,
    "markets": Markets,
    "limits": Limits,
    "drains": Season,
    "begun": Begun,
    "rates": Rates,
    "alarms": Alarms,
    "tails": Tails,
}
"""Name -> class, made without arguments."""


class Models:
    """The models of one partition, each an attribute. Made when first asked for."""

    def __init__(self) -> None:
        self.made: dict[str, Model] = {}

    def __getattr__(self, name: str) -> Any:
        # Asked only where there is no such attribute yet.
        if name not in MODELS:
            raise AttributeError(f"there is no model of partitions named {name}; there are {', '.join(MODELS)}")
        return self.anew(name)

    def anew(self, name: str) -> Model:
        """A fresh model of that name in the place of the one before."""
        model = self.made[name] = MODELS[name]()
        setattr(self, name, model)
        return model


class Cohorts:
    """The models of the partitions that this worker owns, by number. Made before the first event: some import what takes a second."""

    def __init__(self) -> None:
        for model in MODELS.values():
            model()
        self.partitions: dict[int, Models] = {}

    def __call__(self, partition: int) -> Models:
        """The partition's models, new ones where there are none."""
        models = self.partitions.get(partition)
        if models is None:
            models = self.partitions[partition] = Models()
        return models
