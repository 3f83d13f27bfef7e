"""A Faust app over the batch transport, with the settings that were measured to lose nothing."""

from __future__ import annotations

import fcntl
import gc
import logging
import secrets
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import faust

from config.settings import Settings
from streams.ending import end_process
from streams.transport import SCHEME, Batch

log = logging.getLogger(__name__)

DRAIN = 20.0
"""Seconds in which a process ends by itself; its supervisor, and most others, kill it some seconds later."""


class App(faust.App):
    """faust.App that knows when it consumes. Attributes that the transport reads are set by `build`."""

    batch_decode: Callable[[Any], Any]
    batch_linger: float = 0.005
    small_broker: bool = False
    consumes: bool = False
    """True once partitions are assigned and their offsets are sought; false again during a rebalance."""
    closing: Sequence[Callable[[], Awaitable[None]]] = ()
    """Called last, when agents and consumer have ended."""

    async def stop(self) -> None:
        """Within DRAIN seconds: a consumer whose broker is away would say goodbye to it for ever. What isn't committed comes back."""
        timer = threading.Timer(DRAIN, end_process, [f"it did not stop within {DRAIN:.0f} s of being told to"])
        timer.daemon = True
        timer.start()
        try:
            await super().stop()
        finally:
            timer.cancel()

    def on_rebalance_start(self) -> None:
        self.consumes = False
        super().on_rebalance_start()

    def on_rebalance_end(self) -> None:
        super().on_rebalance_end()
        self.consumes = True

    def _create_directories(self) -> None:
        """None: agents keep nothing on disk, and the file system may be read-only."""

    async def on_shutdown(self) -> None:
        await super().on_shutdown()
        for close in self.closing:
            await close()


def build(settings: Settings, role: str, decode: Callable[[Any], Any]) -> App:
    """The app of a role (`detect`, `notify`), group `{kafka.group}-{role}`. `decode`: streams.records.EventDecoder or PlainDecoder."""
    kafka = settings.kafka
    brokers = [f"kafka://{broker.strip()}" for broker in kafka.brokers.split(",") if broker.strip()]
    # The embedded broker holds a join for half the rebalance timeout.
    timing: dict[str, Any] = (
        {"broker_rebalance_timeout": 3.0, "broker_session_timeout": 6.0, "broker_heartbeat_interval": 1.0}
        if kafka.small_broker
        else {"broker_rebalance_timeout": 30.0, "broker_session_timeout": 10.0, "broker_heartbeat_interval": 2.0}
    )
    app = App(
        f"{kafka.group}-{role}",
        broker=brokers,
        broker_consumer=[url.replace("kafka://", f"{SCHEME}://") for url in brokers],
        broker_client_id=f"vigil-{role}",
        broker_commit_interval=0.5,
        broker_max_poll_records=None,
        broker_request_timeout=30.0,
        consumer_group_instance_id=None if kafka.small_broker else instance_id(settings.data_dir, role),
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=True,
        stream_buffer_maxsize=1,  # so that a batch is what came while the one before was worked on
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        autodiscover=False,
        **timing,
    )
    app.batch_decode = decode
    app.small_broker = kafka.small_broker
    return app


def handle(app: App, topics: Sequence[str], work: Callable[[Batch], Awaitable[bool | None]], name: str) -> None:
    """The app's one agent: `work` takes each batch to its end and does not raise. What it has done is committed; where it returns False,
    nothing is, and the records come back after the next rebalance or restart."""
    source = app.topic(*topics, key_serializer="raw", value_serializer="raw")

    async def agent(stream: Any) -> None:
        async for batch in stream:
            try:
                if await work(batch) is not False:
                    batch.commit()
            finally:
                batch.over.set()

    app.agent(source, name=name, concurrency=1)(agent)


def tune() -> None:
    """Fewer and later collections: batches make many short-lived objects and no cycles (a quarter less CPU)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


_LOCKS: list[Any] = []


def instance_id(data_dir: Path, role: str) -> str | None:
    """A name that this worker has again after a restart, so that a kill doesn't make the group wait for the dead. Random, kept in the data
    directory, locked: two workers that share one take different names. None where the directory can't be written: then there is none."""
    try:
        folder = data_dir / "worker"
        folder.mkdir(parents=True, exist_ok=True)
        for slot in range(64):
            file = open(folder / f"{role}-{slot}.id", "a+", encoding="ascii")  # noqa: SIM115 (held until the process ends)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                continue
            _LOCKS.append(file)
            file.seek(0)
            name = file.read().strip()
            if not name:
                name = f"vigil-{role}-{secrets.token_hex(8)}"
                file.write(name)
                file.flush()
            return name
    except OSError as error:
        log.warning("no lasting name in the consumer group, %s: %s", data_dir, error)
    return None
