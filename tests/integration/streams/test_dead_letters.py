"""Records that can't be taken: put aside whole, listed, given back once."""

import base64
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from embedded.broker import Broker
from streams.deadletters import list_dead_letters, redrive
from tests.integration.streams.bench_bed import Bed, event
from tests.support.background import Background, wait_until
from tests.support.kafka import Kafka

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

USER = b"user-1"


@pytest.fixture
def bed(background: Background, tmp_path: Path, any_broker: Broker | Kafka) -> Iterator[Bed]:
    made = Bed(background, tmp_path, any_broker.address, small=isinstance(any_broker, Broker)).start()
    yield made
    made.close()


def malformed(chance: random.Random, number: int) -> tuple[bytes | None, bytes | None]:
    """Key and value of a record that can't be taken, of many kinds."""
    good = json.dumps(event("login", f"m{number}", "user-1", time.time())).encode()
    kinds = [
        (USER, good[: chance.randrange(1, len(good) - 1)]),
        (USER, good.replace(b'"success"', b'"perhaps"')),
        (USER, b"\xff\xfe" + good),
        (USER, good + b"{}"),
        (USER, chance.randbytes(chance.randrange(1, 400))),
        (b"user-2", good),
        (None, good),
        (USER, b""),
        (USER, None),
        (USER, good.replace(b"+00:00", b"")),
        (USER, good.replace(b'"login"', b'"trade"')),
    ]
    return kinds[number % len(kinds)]


def test_two_thousand_malformed_records_stop_nothing_and_are_kept_whole(bed: Bed, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is put aside with its place, key and value; the events between them are processed; a redrive gives each back once."""
    chance, sent = random.Random(4), {}

    async def publish() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=bed.brokers, acks="all", linger_ms=5)
        await producer.start()
        waiting = []
        for number in range(2000):
            key, value = malformed(chance, number)
            waiting.append((key, value, await producer.send(bed.prefix + "logins", value, key=key)))
            if number % 20 == 0:
                good = json.dumps(event("login", f"bad-but-good-{number}", "user-1", time.time())).encode()
                await producer.send(bed.prefix + "logins", good, key=USER)
        huge = USER, b'{"text": "' + b"x" * 900_000 + b'"}'
        waiting.append((*huge, await producer.send(bed.prefix + "logins", huge[1], key=huge[0])))
        for key, value, future in waiting:
            record = await future
            sent[record.partition, record.offset] = (key, value)
        await producer.stop()

    bed.background.run(publish())
    worker = bed.worker()
    wait_until(lambda: bed.metrics(worker).get("vigil_dead_letters_total", 0) >= 2001, what="2,001 dead letters", pause=0.2)
    wait_until(lambda: bed.counted()["user-1"] >= 100, what="the events between them", pause=0.2)
    bed.stop(worker)
    letters = bed.heard(["dead-letters"]).on("dead-letters")

    assert len(letters) == 2001
    assert {letter["topic"] for letter in letters} == {bed.prefix + "logins"}
    assert {(one["partition"], one["offset"]): (decoded(one["key"]), decoded(one["value"])) for one in letters} == sent
    assert all(letter["reason"] for letter in letters)
    assert bed.counted() == {"user-1": 100}
    assert len(bed.findings()) == 100

    capsys.readouterr()
    assert list_dead_letters(bed.settings, topic="logins", reason="UTF-8", as_json=True) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed
    assert all("UTF-8" in one["reason"] and not one["redriven"] for one in listed)

    one = listed[0]
    place = f"{one['topic']}/{one['partition']}/{one['offset']}"
    assert redrive(bed.settings, [place]) == 0
    assert "1 redriven" in capsys.readouterr().out
    assert redrive(bed.settings, [place]) == 0
    assert "0 redriven, 1 were redriven before" in capsys.readouterr().out
    back = [message for message in bed.heard(["logins"]).messages if message.value == decoded(one["value"])]
    assert len(back) == 2
    assert redrive(bed.settings) == 2


def decoded(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
