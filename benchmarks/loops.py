"""The same kernel under several engines: `python -m benchmarks.loops vigil|bare|faust|quix`. Each commits after its batch, as Vigil does.

A process of its own with the settings of the product in its environment; reads the input topics from their start until it is killed. With
BENCH_KERNEL=thin in its environment the kernel judges nothing: what is left is what a loop itself costs.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any, NamedTuple

from detectors.outcome import Outcome
from detectors.service.overdue import Waits
from domain.events import STRUCTS
from domain.messages import Source
from domain.profile import UserState
from stores.redis_client import connect_async
from stores.redis_profiles import RedisProfiles
from streams.epochs import Epochs
from streams.kernel import Kernel
from streams.publisher import KafkaPublisher
from streams.records import EventDecoder, Item

PREFIX = os.environ["VIGIL_KAFKA__TOPIC_PREFIX"]
BROKERS = os.environ["VIGIL_KAFKA__BROKERS"]
GROUP = os.environ["VIGIL_KAFKA__GROUP"]
TOPICS = [PREFIX + topic for topic in STRUCTS]
BATCH = 500


class Raw(NamedTuple):
    """What the decoder reads of a record."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Counting:
    """In the engine's place: counts a user's events and judges none."""

    def __init__(self) -> None:
        self.waits = Waits(None)

    def apply(self, event: Any, state: UserState, source: Source | None = None) -> Outcome:
        """One event more."""
        state.habits.events += 1
        return Outcome()


def kernel() -> Any:
    """Vigil's kernel as the worker builds it, with all detectors and models, policy, Redis, and a producer that awaits its
    acknowledgements; a thin one without detectors, models and crowd."""
    from config.settings import load
    from streams import detect

    settings = load()
    if os.environ.get("BENCH_KERNEL") == "thin":
        client = connect_async(settings.redis.url)
        publisher = KafkaPublisher(settings.kafka.brokers, settings.kafka.topic_prefix)
        epochs = Epochs(client, list(STRUCTS), settings.kafka.epoch)
        return Kernel(Counting(), detect.policy_of(None), RedisProfiles(client), publisher, epoch=settings.kafka.epoch, epochs=epochs)
    work = detect.build_kernel(settings)
    work.engine.records = True
    return work


def vigil() -> None:
    """Vigil's own loop, as `worker --role detect` runs it."""
    from config.settings import load
    from streams.detect import detect_app
    from streams.serve import serve

    settings, work = load(), kernel()
    serve(settings, detect_app(settings, work), "detect", done=lambda: work.tally.batches)


def tune() -> None:
    """What Vigil's worker does, for all alike."""
    import gc

    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def bare() -> None:
    """aiokafka's `getmany`, one batch a partition at a time, in the order in which they come."""
    from aiokafka import AIOKafkaConsumer, TopicPartition

    work, decode = kernel(), EventDecoder(lambda name: name.removeprefix(PREFIX))
    tune()
    consumer = AIOKafkaConsumer(*TOPICS, bootstrap_servers=BROKERS, group_id=GROUP, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    last = 0.0
    done: dict[TopicPartition, int] = {}
    while True:
        fetched = await consumer.getmany(timeout_ms=500)
        for tp, records in fetched.items():
            for start in range(0, len(records), BATCH):
                part = records[start : start + BATCH]
                await work.run([decode(record) for record in part], owned=True)
                done[tp] = part[-1].offset + 1
                now = asyncio.get_running_loop().time()
                if now - last > 0.5:
                    await consumer.commit(done)
                    last, done = now, {}
        if done and not fetched:
            await consumer.commit(done)
            done = {}


def plain_faust() -> None:
    """Faust as it ships: an agent with `take`, its own transport and acks."""
    import faust

    app = faust.App(
        GROUP, broker=f"kafka://{BROKERS}", web_enabled=False, topic_allow_declare=False, topic_disable_leader=True,
        consumer_auto_offset_reset="earliest", stream_buffer_maxsize=4096, broker_commit_interval=0.5, autodiscover=False,
        datadir=os.environ["VIGIL_DATA_DIR"],
    )  # fmt: skip
    holder: dict[str, Any] = {}
    decode = EventDecoder(lambda name: name.removeprefix(PREFIX))

    @app.agent(app.topic(*TOPICS, key_serializer="raw", value_serializer="raw"), concurrency=1)
    async def agent(stream: Any) -> None:
        if not holder:
            holder["kernel"] = kernel()
            tune()
        async for events in stream.take_events(BATCH, within=0.05):
            batches: dict[int, list[Item]] = {}
            for event in events:
                batches.setdefault(event.message.partition, []).append(_decoded(decode, event.message))
            for items in batches.values():
                await holder["kernel"].run(items, owned=True)

    sys.argv = ["faust", "worker", "--without-web", "--loglevel", "warn"]
    app.main()


def _decoded(decode: EventDecoder, message: Any) -> Item:
    return decode(Raw(message.topic, message.partition, message.offset, message.key, message.value))


def quix() -> None:
    """Quix Streams: a batching sink over all input topics, flushed with each checkpoint of 500 messages."""
    from quixstreams import Application
    from quixstreams.sinks.base import BatchingSink

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    class Held:
        work: Any = None

    class KernelSink(BatchingSink):
        def write(self, batch: Any) -> None:
            if Held.work is None:
                Held.work = kernel()
                tune()
            loop.run_until_complete(Held.work.run([item.value for item in batch], owned=True))

    app = Application(
        broker_address=BROKERS, consumer_group=GROUP, auto_offset_reset="earliest", commit_every=BATCH, commit_interval=0.5,
        auto_create_topics=False, loglevel="WARNING", use_changelog_topics=False, state_dir=os.environ["VIGIL_DATA_DIR"],
    )  # fmt: skip
    sink = KernelSink()
    decode = EventDecoder(lambda name: name.removeprefix(PREFIX))

    def as_item(value: bytes, key: bytes, timestamp: int, headers: Any) -> Item:
        from quixstreams import message_context

        context = message_context()
        return decode(Raw(context.topic, context.partition, context.offset, key, value))

    for name in TOPICS:
        topic = app.topic(name, key_deserializer="bytes", value_deserializer="bytes")
        app.dataframe(topic).apply(as_item, metadata=True).sink(sink)
    app.run()


if __name__ == "__main__":
    which = sys.argv[1]
    if which == "bare":
        import uvloop

        uvloop.run(bare())
    else:
        {"vigil": vigil, "faust": plain_faust, "quix": quix}[which]()
