"""Keeps the models of withdrawals of all users over a restart: read when a partition is claimed, written every few seconds."""

from __future__ import annotations

import logging
import time
from typing import Any

import msgspec

from stores.redis_client import answering

log = logging.getLogger(__name__)

PREFIX = "vigil:cohort:"
EVERY = 10.0


class KeptCohorts:
    """`cohorts`: detectors.models.cohort.Cohorts; `client`: redis.asyncio.Redis. Raises Unavailable when that does not answer."""

    def __init__(self, cohorts: Any, client: Any):
        self._cohorts, self._client = cohorts, client
        self._written = time.monotonic()

    async def read(self, partition: int) -> None:
        """The model of a partition as its last owner left it; a fresh one where there is none, or none that can be read."""
        self._cohorts.models.pop(partition, None)
        with answering():
            data = await self._client.get(f"{PREFIX}{partition}")
        if not data:
            return
        try:
            kept = msgspec.msgpack.decode(data)
            self._cohorts(partition).restore(kept["rows"], kept["ranked"])
        except (ValueError, TypeError, KeyError, msgspec.MsgspecError) as error:
            log.warning("the model of partition %d begins anew: %s", partition, type(error).__name__)
            self._cohorts.models.pop(partition, None)

    async def write(self, *, now: bool = False) -> None:
        """All models, when the last time is some seconds ago."""
        if not self._cohorts.models or not (now or time.monotonic() - self._written > EVERY):
            return
        self._written = time.monotonic()
        values = {f"{PREFIX}{partition}": msgspec.msgpack.encode(model.export()) for partition, model in self._cohorts.models.items()}
        with answering():
            await self._client.mset(values)

    def drop(self) -> None:
        """The partitions are gone."""
        self._cohorts.models.clear()
