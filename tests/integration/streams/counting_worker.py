"""A worker with the real transport, kernel, Redis and Kafka, and an engine that only counts: what is lost or doubled shows.

python -m tests.integration.streams.counting_worker        settings from the environment, as for `worker`
"""

import sys

from config.logging import configure
from config.settings import load
from stores.redis_client import connect_async
from stores.redis_profiles import RedisProfiles
from streams.detect import detect_app
from streams.kernel import Kernel
from streams.publisher import KafkaPublisher
from streams.serve import serve
from tests.unit.streams.fakes import CountingEngine, TellingPolicy


def main() -> int:
    settings = load()
    configure("info")
    kernel = Kernel(
        CountingEngine(),
        TellingPolicy(),
        RedisProfiles(connect_async(settings.redis.url)),
        KafkaPublisher(settings.kafka.brokers, settings.kafka.topic_prefix),
    )
    return serve(
        settings, detect_app(settings, kernel), "detect", kernel=kernel, done=lambda: kernel.tally.batches,
        waiting=lambda: bool(kernel.waiting_for), closing=[kernel.publisher.stop, kernel.profiles.close],
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
