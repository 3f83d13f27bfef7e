"""Keeps the models that the users of a partition share: read when it is claimed, written every few seconds and when it is handed over."""

from __future__ import annotations

import logging
import time
from typing import Any

import msgspec

from stores.redis_client import answering

log = logging.getLogger(__name__)

PREFIX = "vigil:model:"
BEFORE = "vigil:cohort:"
"""Where the model of withdrawals was kept when there was no other."""
EVERY = 10.0
"""Seconds in which each model is written once."""


class KeptCohorts:
    """`cohorts`: detectors.models.partition.Cohorts; `names`: of its models; `client`: redis.asyncio.Redis. Raises Unavailable when that
    does not answer."""

    def __init__(self, cohorts: Any, names: Any, client: Any):
        self._cohorts, self._names, self._client = cohorts, tuple(names), client
        self._written: dict[tuple[int, str], float] = {}

    async def read(self, partition: int) -> None:
        """The models of a partition as its last owner left them; a fresh one where there is none, or none that can be read."""
        self._cohorts.partitions.pop(partition, None)
        with answering():
            found = await self._client.mget([*(f"{PREFIX}{name}:{partition}" for name in self._names), f"{BEFORE}{partition}"])
        kept = dict(zip(self._names, found, strict=False))
        if "withdrawals" in kept:
            kept["withdrawals"] = kept["withdrawals"] or found[-1]
        for name, data in kept.items():
            if data:
                self._restore(partition, name, data)

    async def write(self, *, now: bool = False) -> None:
        """The models that were written longest ago, so that each has its turn in EVERY seconds and no batch bears them all; with `now`
        all of them."""
        moment = time.monotonic()
        owned = {(partition, name): model for partition, models in self._cohorts.partitions.items() for name, model in models.made.items()}
        self._written = {place: self._written.get(place, moment) for place in owned}
        due = sorted((place for place in owned if now or moment - self._written[place] > EVERY), key=self._written.__getitem__)
        if not due:
            return
        values = {}
        for partition, name in due if now else due[:1]:
            values[f"{PREFIX}{name}:{partition}"] = msgspec.msgpack.encode(owned[partition, name].export())
            self._written[partition, name] = moment
        with answering():
            await self._client.mset(values)

    def drop(self) -> None:
        """The partitions are gone."""
        self._cohorts.partitions.clear()
        self._written.clear()

    def _restore(self, partition: int, name: str, data: bytes) -> None:
        models = self._cohorts(partition)
        try:
            getattr(models, name).restore(msgspec.msgpack.decode(data))
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, msgspec.MsgspecError) as error:
            log.warning("the %s model of partition %d begins anew: %s", name, partition, type(error).__name__)
            models.anew(name)
