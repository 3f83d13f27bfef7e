"""One Faust message carries many Kafka records, of all co-partitioned topics; those of one partition index are in event time.

Faust spends about 60 us of Python on each message. This transport keeps Faust's app, agents, group, rebalances and commit timer, and pays
that once for up to `app.batch_size` records. Attributes of the app that it reads:

    app.batch_decode    record of aiokafka -> item with `.at` (event time, seconds; None: no time of its own). Each record is decoded once.
    app.batch_size      records a message, 500
    app.batch_linger    seconds to wait after a poll without a full batch, 0.005: a poll costs 0.8 ms of CPU whatever it brings

A message carries what is at hand of all partitions, one after the other: acknowledgements and transactions cost by the batch, so that many
partitions with little to do each must not wait for one another's.

While a batch is worked on, only full ones are handed out: what else comes gathers, and is one batch when that one is done. So batches grow
with the load, and none waits behind two that were cut too early.

What is committed: for each topic and partition, the leading run of offsets whose batches are done (Batch.commit was called). Faust's own
acks are not trusted: it also acks what a stream skips in a rebalance or what an agent raised on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams.ending import end_process
from streams.merge import Merge

log = logging.getLogger(__name__)

SCHEME = "vigilbatch"
TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"

HOLD = 1.0
"""Seconds of wall time that a gap (a topic with more at the broker, nothing fetched) holds the others of its partition."""
HOLD_BACKLOG = 5.0
"""The same while what is held is old anyway: order is worth more than a second then."""
OLD = 60.0
"""Seconds of age from which an event belongs to a backlog."""
GATHER = 1.0
"""Seconds for which a batch that is worked on, and takes long, keeps others from being handed out that aren't full."""
LANE_BYTES = 3_000_000
"""A topic's partition is not fetched further while it holds more than this."""
ALL_BYTES = 96_000_000
"""Beyond this, only partitions with nothing at hand are fetched."""
FETCH_BYTES = 1_048_576
FETCH_WAIT_MS = 250
"""A partition that was full re-enters the broker's long poll only when that is over, so it is short."""


class Batch:
    """Items of partition after partition, each in event time. `commit()` says that they are done; without it
    they come back."""

    __slots__ = ("done", "items", "over")

    def __init__(self, items: list[Any]):
        self.items, self.done, self.over = items, False, asyncio.Event()
        """`over`: it is worked on no more, done or not."""

    def commit(self) -> None:
        self.done, self.items = True, []  # drop the payload now: the batch itself stays until the next commit

    def __len__(self) -> int:
        return len(self.items)


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, with an assignment that keeps topics together and a commit that survives a broker's outage."""

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        conf = self.app.conf
        # Round robin deals out (topic, partition) pairs, so that with 3 workers a user's logins and transfers may go to different ones.
        # Range keeps partition n of each topic together, given equal counts (which `topics` ensures).
        self._assignor = RangePartitionAssignor
        return AIOKafkaConsumer(
            loop=self.thread_loop,
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset=conf.consumer_auto_offset_reset,
            max_poll_interval_ms=int((conf.broker_max_poll_interval or 0) * 1000),
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            isolation_level="read_committed" if not getattr(self.app, "small_broker", False) else "read_uncommitted",
            **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    async def on_thread_stop(self) -> None:
        """Leaves the group at once: a static member that stops would keep its partitions from the others until its session is over. One
        that is killed can't, and has them again when it is back before that."""
        if self._consumer is not None:
            self._consumer._coordinator._group_instance_id = None
        await super().on_thread_stop()

    async def _commit(self, offsets: Any) -> bool:
        """False when it did not work: the next tick tries again. Faust would crash the app on any broker hiccup."""
        mine = {tp: offset for tp, offset in offsets.items() if tp in self.assignment()}
        if not mine:
            return False
        try:
            await self._ensure_consumer().commit({TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in mine.items()})
        except (CommitFailedError, IllegalStateError) as error:
            log.warning("not committed, the partitions have gone to another worker: %s", type(error).__name__)
            return False
        except (KafkaError, TimeoutError, OSError) as error:
            log.warning("not committed, tried again: %r", error)
            return False
        return True


class Consumer(driver.Consumer):
    """Fetches records, merges them by event time, hands them out in batches, commits what was done."""

    def __init__(self, transport: Any, *args: Any, **kwargs: Any):
        app = transport.app
        self.batch_decode = app.batch_decode
        self.batch_size = getattr(app, "batch_size", 500)
        self.batch_linger = getattr(app, "batch_linger", 0.005)
        self.clock = getattr(app, "batch_clock", time.time)
        self._small = bool(getattr(app, "small_broker", False))
        self.committed_at: float | None = None
        """time.monotonic() of the last commit that worked."""
        self.handed_out = 0
        self._last: Batch | None = None
        """What was handed out last; one is worked on after the other."""
        self._merges: dict[int, Merge] = defaultdict(Merge)
        self._flight: dict[TP, deque[tuple[Batch, int]]] = defaultdict(deque)  # (batch, offset after its last record), in offset order
        self._done: dict[TP, int] = {}  # what may be committed
        self._next: dict[TP, int] = {}  # the offset that has to come next
        self._first: dict[TP, int] = {}  # where this assignment began
        self._gaps: dict[TP, float] = {}  # since when a partition that has more at the broker holds the others
        super().__init__(transport, *args, **kwargs)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # -- fetching

    async def getmany(self, timeout: float) -> Any:
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        generation = self.app.consumer_generation_id
        await self._fetch(timeout)
        if self._last is not None and not self._last.over.is_set() and not self._full():
            await self._gather(self._last)
        if self.should_stop:
            return
        if not self.flow_active or self.app.consumer_generation_id != generation:
            return  # a rebalance: what is held is dropped by it, and fetched again
        full = True
        while full:
            full = False
            for items in self._ready():
                full = full or len(items) >= self.batch_size
                if items:
                    yield self._message(items, generation)
                if not self.flow_active or self.app.consumer_generation_id != generation or self.should_stop:
                    return
        if self.batch_linger:
            await asyncio.sleep(self.batch_linger)

    def _full(self) -> bool:
        """Whether there is a batch's worth at hand."""
        return sum(len(lane) for merge in self._merges.values() for lane in merge.lanes.values()) >= self.batch_size

    async def _gather(self, last: Batch) -> None:
        """Until what is worked on is over, but no longer than GATHER; then with what has come meanwhile."""
        try:
            await asyncio.wait_for(last.over.wait(), GATHER)
        except TimeoutError:
            return
        if self.flow_active and not self.should_stop:
            await self._fetch(0.0)

    async def _fetch(self, timeout: float) -> None:
        """One poll, into the lanes; of those partitions only that have room."""
        active = self._get_active_partitions()
        lanes = {tp: lane.size for merge in self._merges.values() for tp, lane in merge.lanes.items()}
        tight = sum(lanes.values()) > ALL_BYTES
        wanted = {tp for tp in active if lanes.get(tp, 0) < LANE_BYTES and not (tight and lanes.get(tp, 0))}
        if not wanted:
            await asyncio.sleep(0 if active else 0.2)
            return
        holding = any(lanes.values())
        fetched = await self._getmany(active_partitions=wanted, timeout=min(0.02, timeout) if holding else timeout)
        if not self.flow_active or self.should_stop:
            return
        for aiotp, records in fetched.items():
            tp = TP(aiotp.topic, aiotp.partition)
            records = await self._follows_on(tp, records)
            if records:
                self._next[tp] = records[-1].offset + 1
                self._merges[tp.partition].lane(tp, self.batch_decode).add(records)
                self._gaps.pop(tp, None)

    async def _follows_on(self, tp: TP, records: list[Any]) -> list[Any]:
        """The records from the expected offset on. On a hole that the broker's position can't explain: seeks back, none."""
        want, first = self._next.get(tp), records[0].offset
        if want is None or first == want:
            return records
        if first < want:
            if not self._small and (await self.highwaters(tp))[tp] < want:
                end_process(f"{tp.topic}/{tp.partition} began anew at the broker while it was read")
            return [record for record in records if record.offset >= want]
        start = (await self.earliest_offsets(tp))[tp]
        if start > want:
            log.error("%s/%s: offsets %d to %d are gone from the broker (retention): not processed", *tp, want, first - 1)
            return records
        if self._hole == (tp, want, first):  # seen twice: compaction or a transaction's marker
            return records
        self._hole = (tp, want, first)
        log.info("%s/%s: expected offset %d, got %d: looking again", *tp, want, first)
        await self.seek_wait({tp: want})
        return []

    _hole: tuple[TP, int, int] | None = None

    def _ready(self) -> Iterator[list[Any]]:
        """What is at hand now, of all partitions."""
        together: list[Any] = []
        for partition in sorted(self._merges):
            items = self._take(partition)
            if together and len(together) + len(items) > self.batch_size:  # larger ones cost more an event
                yield together
                together = []
            together += items
        yield together

    def _take(self, partition: int) -> list[Any]:
        merge = self._merges[partition]
        if not merge:
            return []
        return merge.take(self.batch_size, self._missing)

    def _missing(self, tp: TP) -> bool:
        """True while the broker has more of this (empty) partition and the wait for it isn't over."""
        if tp not in self._active_partitions or not self._behind(tp):
            self._gaps.pop(tp, None)
            return False
        now = time.monotonic()
        since = self._gaps.setdefault(tp, now)
        oldest = min((lane.clock() for lane in self._merges[tp.partition].lanes.values() if lane), default=self.clock())
        return now - since < (HOLD_BACKLOG if self.clock() - oldest > OLD else HOLD)

    def _behind(self, tp: TP) -> bool:
        """False when all that the broker was last seen to have is here."""
        try:
            position = self._position(tp)
        except Exception:  # not assigned any more
            return False
        end = self._end(tp)
        return end is None or max(self._next.get(tp, 0), position or 0) < end

    def _end(self, tp: TP) -> int | None:
        """The end of what may be read, as the last fetch said; None before there was one, or when the partition has gone."""
        try:
            if not self._small:  # an exchange may publish in transactions: what it takes back must not be processed
                stable = self._thread._ensure_consumer().last_stable_offset(TopicPartition(*tp))
                if stable is not None and stable >= 0:
                    return int(stable)
            return self.highwater(tp)
        except Exception:
            return None

    def _position(self, tp: TP) -> int | None:
        """Where aiokafka stands: also past control records, which nobody gets to see."""
        assignment = self._thread._ensure_consumer()._subscription.subscription.assignment
        state = assignment.state_value(TopicPartition(*tp))
        return state.position if state.has_valid_position else None

    def _message(self, items: list[Any], generation: int) -> tuple[TP, ConsumerMessage]:
        batch = self._last = Batch(items)
        ends: dict[TP, int] = {}
        for item in items:
            ends[TP(item.where, item.partition)] = item.offset + 1
        for tp, end in ends.items():
            self._flight[tp].append((batch, end))
        self.handed_out += len(items)
        last, value = items[-1], cast(Any, batch)
        tp = TP(last.where, last.partition)
        return tp, ConsumerMessage(
            tp.topic, tp.partition, last.offset, self.clock(), 0, None, None, value, None, 0, 0, tp, generation_id=generation
        )  # fmt: skip

    async def perform_seek(self) -> None:
        """After a rebalance: to the committed offsets; where none is committed, explicitly to the start (or the end)."""
        self._forget()
        await super().perform_seek()
        tps = self.assignment()
        for tp in tps:
            self._merges[tp.partition].lane(tp, self.batch_decode)
        self._next = {tp: offset for tp in tps if (offset := self._committed_offset.get(tp)) is not None}
        if not self._small and self._next:  # (the embedded broker tells ends that lie too low)
            for aiotp, end in (await self.highwaters(*self._next)).items():
                tp = TP(*aiotp)
                if self._next[tp] > end:
                    log.warning("%s/%d ends at %d, %d was committed: it began anew", *tp, end, self._next.pop(tp))
                    self._committed_offset[tp] = None
        fresh = [tp for tp in tps if tp not in self._next]
        if fresh:
            latest = self.app.conf.consumer_auto_offset_reset == "latest"
            start = await (self.highwaters if latest else self.earliest_offsets)(*fresh)
            await self.seek_wait(start)
            self._next.update({TP(*tp): offset for tp, offset in start.items()})
        self._first = dict(self._next)

    def _forget(self) -> None:
        self._last = None
        self._merges.clear()
        self._flight.clear()
        self._done.clear()
        self._next.clear()
        self._gaps.clear()

    # A full agent queue blocks the fetcher, which is what we want; taking the partition out of the fetch sleeps a whole second.
    def on_buffer_full(self, tp: TP) -> None: ...

    def on_buffer_drop(self, tp: TP) -> None: ...

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: streams.watch sees to stalls, and ends the process."""

    # -- committing

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None: ...

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Any:
        return [tp for tp in self._flight if topics is None or tp in topics or tp.topic in topics]

    def _new_offset(self, tp: TP) -> int | None:
        flight = self._flight[tp]
        while flight and flight[0][0].done:
            self._done[tp] = flight.popleft()[1]
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self._done.get(tp)

    async def _commit_offsets(self, offsets: Any, start_new_transaction: bool = True) -> bool:
        done = await self._commit(offsets)
        if done:
            self._committed_offset.update(offsets)
            self.committed_at = time.monotonic()
        return done

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        await super().on_partitions_revoked(revoked)  # waits for the batch being worked on, then commits
        self._forget()

    def lag(self) -> dict[TP, int]:
        """Records at the broker that are not done, for each assigned partition whose end is known."""
        found = {}
        for tp in self.assignment():
            end = self._end(tp)
            if end is not None:
                start = self._done.get(tp, self._first.get(tp, end))
                found[tp] = max(0, end - start)
        return found

    def standing(self) -> dict[tuple[str, int], int]:
        """By topic and partition: the offset up to which all is done."""
        return {(tp.topic, tp.partition): self._done.get(tp, first) for tp, first in self._first.items()}


class Transport(driver.Transport):
    """`broker_consumer=vigilbatch://host:port`."""

    Consumer = Consumer
