"""The role `train`: learns from verdicts in one place, and publishes models that every worker takes.

What it keeps (rows that wait for a verdict, models, offsets) is written in one transaction: a kill loses nothing and teaches nothing twice.
Of several trainers one works, the others stand by.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from config.mappings import load as load_mappings
from config.settings import Settings
from detectors.models.contest import Contest
from detectors.models.learner import Journal, Learner, Record
from detectors.models.snapshot import pack, unpack
from detectors.models.watch import Watch
from domain.events import Verdict
from domain.ports import Unavailable
from domain.training import TrainingReport
from ledger.book import Book
from ledger.keys import Keyring
from stores.crowd import RedisCrowd
from stores.redis_client import connect_async
from stores.sql.training import Lost, Training, TrainingRow, open_training
from streams import http
from streams.publisher import KafkaPublisher, Message, Publisher
from streams.read import partitions_of
from streams.records import EventDecoder
from streams.topics import learns
from streams.training_report import metrics, report, weighed

log = logging.getLogger(__name__)

TOPICS = ("features", "verdicts")
CHECKPOINT = 5.0
"""Seconds between two writes of what is kept."""
REPORT = 60.0
"""Seconds after which the console is told of the models even if nothing changed."""
MANY = 5_000
"""Records after which it is written at once."""
AGAIN = 5.0
_ENCODE, _RECORD, _RECORDS = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Record), msgspec.msgpack.Decoder(list[Record])
_REPORT = msgspec.msgpack.Decoder(TrainingReport)
_VERDICTS = msgspec.msgpack.Decoder(list[Verdict])


class Trainer:
    """Learns what it is given; `checkpoint` makes it last. `crowd`: the sets in Redis that frauds spread through."""

    def __init__(
        self, training: Training, crowd: Any, publisher: Publisher, *, genuine_after: float, publish_every: float,
        clock: Callable[[], float] = time.time,
    ):  # fmt: skip
        self.training, self.crowd, self.publisher, self.clock = training, crowd, publisher, clock
        self.journal = Journal()
        self.learner = Learner(crowd, genuine_after, journal=self.journal)
        self.watch = Watch(self.learner.models)
        self.contest = Contest(self.learner.models)
        self.learner.learned = self._truth
        self.offsets: dict[str, int] = {}
        """`topic/partition` -> next offset."""
        self.numbers: dict[str, int] = {}
        self.weights: dict[str, tuple[int, float]] = {}
        """Bytes of each model as it goes out, and milliseconds that reading it takes."""
        self.published_at: dict[str, float] = {}
        self.damaged = 0
        self._publish_every, self._published, self._reported = publish_every, 0.0, 0.0
        self._changed: set[str] = set()
        self._learned_before: dict[str, int] = {}

    def load(self) -> None:
        """Goes on where the last trainer wrote. A row or model of another version is left out."""
        state = self.training.state()
        models = []
        for name, data in state.items():
            if name.startswith("model:"):
                try:
                    snapshot = unpack(data)
                except ValueError as error:
                    log.warning("%s begins anew: %s", name, error)
                    continue
                models.append(snapshot.model)
                self.numbers[snapshot.family] = snapshot.number
        rows: list[tuple[Record, bool]] = []
        for some in self.training.rows():
            for row in some:
                try:
                    rows.append((_RECORD.decode(row.data), row.settled))
                except msgspec.MsgspecError:
                    self.damaged += 1
        early = _VERDICTS.decode(state["early"]) if "early" in state else []
        self.learner.restore(models, rows, early)
        self.offsets = msgspec.msgpack.decode(state["offsets"], type=dict[str, int]) if "offsets" in state else {}
        self._load_watched(state)
        self.journal.clear()
        self._learned_before = self._learned()
        self._changed = {model.family.name for model in models}  # a broker may have forgotten them

    def _load_watched(self, state: dict[str, bytes]) -> None:
        try:
            self.contest.restore(msgspec.msgpack.decode(state["contest"]) if "contest" in state else {})
            self.watch.restore(msgspec.msgpack.decode(state["drifts"]) if "drifts" in state else [])
            before = _REPORT.decode(state["report"]).models if "report" in state else []
        except (msgspec.MsgspecError, AttributeError, ValueError, TypeError):
            log.warning("what was compared and watched of the models begins anew")
            return
        self.weights = {one.family: (one.bytes, one.load_ms) for one in before}
        self.published_at = {one.family: one.published_at for one in before if one.published_at is not None}

    def _truth(self, record: Record, fraud: bool) -> None:
        if self.contest.truth(record, fraud):
            pair = self.contest.pairs[record.family]
            log.info(
                "the challenger of %s is the champion now: log loss %.4f against %.4f on truths that neither had learned",
                record.family, pair.champion_loss.mean, pair.challenger_loss.mean,
            )  # fmt: skip

    def take(self, topic: str, value: bytes | None, event: Any) -> None:
        """One value of `features` (its bytes: what several events were like) or `verdicts` (decoded)."""
        if topic == "features":
            try:
                records = _RECORDS.decode(value or b"")
            except msgspec.MsgspecError:
                self.damaged += 1
                return
            for record in records:
                self.watch.row(record)
                self.learner.take(record)
                self.learner.advance(record.at)
        elif isinstance(event, Verdict):
            self.learner.verdict(event)

    async def checkpoint(self) -> None:
        """Frauds to Redis, then everything that changed to SQL, then new models to Kafka. Raises Unavailable or Lost."""
        await self.crowd.save()
        self.crowd.sets.clear()
        journal, now = self.journal, self.clock()
        taken = [
            TrainingRow(r.event_id, r.user, r.at, _ENCODE.encode(r), r.event_id in journal.settled)
            for r in journal.taken.values()
            if r.event_id not in journal.gone
        ]
        learned = self._learned()
        self._changed |= {name for name, count in learned.items() if count != self._learned_before.get(name)}
        due = bool(self._changed) and now - self._published >= self._publish_every
        packed = {}
        for name in sorted(self._changed):
            number = self.numbers.get(name, 0) + due
            packed[name] = pack(self.learner.models[name], number, self.learner.now)
            self.numbers[name] = number
            self.weights[name] = weighed(packed[name])
            if due:
                self.published_at[name] = now
        state = {f"model:{name}": data for name, data in packed.items()}
        state["offsets"] = _ENCODE.encode(self.offsets)
        if packed or not self._reported:
            state["contest"], state["drifts"] = _ENCODE.encode(self.contest.export()), _ENCODE.encode(self.watch.export())
        if packed or now - self._reported >= REPORT:
            state["report"], self._reported = _ENCODE.encode(report(self)), now
        state["early"] = _ENCODE.encode(self.learner.early())
        settled = journal.settled - journal.gone - journal.taken.keys()
        await asyncio.to_thread(self.training.checkpoint, now, taken, settled, journal.gone, state)
        journal.clear()
        self._learned_before = learned
        if due:
            await self.publisher.publish([Message("models", name.encode(), data, 0) for name, data in packed.items()])
            self._published = now
            self._changed = set()

    def _learned(self) -> dict[str, int]:
        return {name: model.frauds + model.genuine for name, model in self.learner.models.items()}

    def metrics(self) -> str:
        """Prometheus text."""
        return metrics(self)


class Role:
    """The process around a trainer: lease, consumer, pages."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.ready = False
        self.trainer: Trainer | None = None
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Until SIGTERM or SIGINT. Exit status."""
        settings = self.settings
        for how in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(how, self._stop.set)
        server = await self._pages()
        holder = f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}"
        book = Book(Keyring(settings.secret_key.get_secret_value()))
        training = await asyncio.to_thread(open_training, settings.database.url, book, holder)
        self.ready = True
        if settings.metrics.socket is None:
            print("ready", flush=True)
        try:
            while not self._stop.is_set():
                try:
                    if settings.models.enabled and await learns(settings) and await asyncio.to_thread(training.acquire, time.time()):
                        await self._train(training)
                except (Unavailable, KafkaError, OSError, Lost) as error:
                    log.warning("the trainer begins again from what it has written: %s", error)
                await self._wait(AGAIN)
        finally:
            try:
                await asyncio.to_thread(training.release)
            except Unavailable:
                pass
            training.close()
            if server is not None:
                server.close()
        return 0

    async def _train(self, training: Training) -> None:
        settings = self.settings
        client = connect_async(settings.redis.url)
        publisher = KafkaPublisher(settings.kafka.brokers, settings.kafka.topic_prefix)
        trainer = self.trainer = Trainer(
            training, RedisCrowd(client), publisher,
            genuine_after=settings.models.genuine_after, publish_every=settings.models.publish_every,
        )  # fmt: skip
        await asyncio.to_thread(trainer.load)
        consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka.brokers, enable_auto_commit=False, auto_offset_reset="earliest")
        await consumer.start()
        try:
            await self._assign(consumer, trainer)
            await self._learn(consumer, trainer)
        finally:
            await consumer.stop()
            await publisher.stop()
            await client.aclose()

    async def _assign(self, consumer: Any, trainer: Trainer) -> None:
        kafka = self.settings.kafka
        names = [kafka.at_broker(topic) for topic in TOPICS]
        parts = [TopicPartition(name, part) for name in names for part in sorted(await partitions_of(consumer, name))]
        consumer.assign(parts)
        for part in parts:
            offset = trainer.offsets.get(self._name(part))
            if offset is None:
                await consumer.seek_to_beginning(part)
            else:
                consumer.seek(part, offset)

    def _name(self, part: Any) -> str:
        epoch = self.settings.kafka.epoch
        return f"{epoch}/{part.topic}/{part.partition}" if epoch else f"{part.topic}/{part.partition}"

    async def _learn(self, consumer: Any, trainer: Trainer) -> None:
        decode = EventDecoder(self.settings.kafka.topic_of, load_mappings(self.settings.mappings_dir))
        written, since = time.monotonic(), 0
        while not self._stop.is_set():
            found = await consumer.getmany(timeout_ms=500, max_records=100)
            # Verdicts last: what they are about is likely in the same handful.
            for part, records in sorted(found.items(), key=lambda entry: entry[0].topic != self.settings.kafka.at_broker("features")):
                topic = self.settings.kafka.topic_of(part.topic)
                for record in records:
                    trainer.take(topic, record.value, decode(record).event if topic == "verdicts" else None)
                trainer.offsets[self._name(part)] = records[-1].offset + 1
                since += len(records)
            if since >= MANY or len(trainer.journal.taken) >= MANY or time.monotonic() - written > CHECKPOINT:
                await trainer.checkpoint()
                written, since = time.monotonic(), 0
        await trainer.checkpoint()

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            pass

    async def _pages(self) -> Any:
        settings = self.settings

        async def healthy() -> http.Page:
            return 200, "ok\n"

        async def ready() -> http.Page:
            return (200, "ready\n") if self.ready else (503, "starting\n")

        async def metrics() -> http.Page:
            return 200, self.trainer.metrics() if self.trainer is not None else ""

        routes: http.Pages = {"/metrics": metrics, "/healthz": healthy, "/readyz": ready}
        if settings.metrics.socket is not None:
            return await http.serve(routes, socket=settings.metrics.socket)
        if settings.metrics.port is not None:
            return await http.serve(routes, port=settings.metrics.port, host=settings.metrics.host)
        return None


def run_train(settings: Settings) -> int:
    """The role `train`, until it is told to stop. Exit status."""
    return asyncio.run(Role(settings).run())
