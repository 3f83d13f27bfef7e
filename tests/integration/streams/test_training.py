"""The trainer: what it learns lasts, of several one works, and what it learned judges in the worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors.models.features import transfer
from detectors.models.learner import Record
from detectors.models.snapshot import unpack
from domain.crowd import MemoryCrowd
from domain.events import Verdict
from embedded.broker import Broker
from ledger.book import Book
from ledger.keys import Keyring
from stores.sql.console_queries import ConsoleQueries
from stores.sql.training import LEASE_SECONDS, Lost, Training, open_training
from streams.models import Models, encode_records
from streams.publisher import Message
from streams.train import Trainer
from tests.support.background import Background, wait_until
from tests.support.events import DAY, NOON, verdict
from tests.support.kafka import Kafka
from tests.support.product import Product

T0 = NOON.timestamp()


class Clock:
    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> float:
        return self.now


class Crowd(MemoryCrowd):
    """Keeps what was saved."""

    def __init__(self) -> None:
        super().__init__()
        self.saves = 0
        self.kept: dict[tuple[str, str], dict[str, float]] = {}

    async def save(self) -> None:
        self.saves += 1
        self.kept |= self.sets


class Bus:
    def __init__(self) -> None:
        self.said: list[Message] = []

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        self.said += messages
        return [None] * len(messages)

    async def stop(self) -> None: ...


def opened(folder: Path, holder: str) -> Training:
    return open_training(f"sqlite:///{folder}/vigil.db", Book(Keyring("k" * 32)), holder)


@pytest.fixture
def training(tmp_path: Path) -> Iterator[Training]:
    made = opened(tmp_path, "one")
    assert made.acquire(T0)
    yield made
    made.close()


def trainer_of(training: Training, clock: Clock | None = None) -> Trainer:
    return Trainer(training, Crowd(), Bus(), genuine_after=7 * DAY, publish_every=60, clock=clock or Clock())


def row(name: str, at: float = 0.0, **fields: Any) -> bytes:
    record = Record(name, 1, T0 + at, "transfer", (100.0, *([float("nan")] * (len(transfer.NAMES) - 1))), **fields)
    return encode_records([record])


def fraud(about: str, at: float = DAY) -> Verdict:
    made = verdict(about, at, "fraud", "exchange")
    assert isinstance(made, Verdict)
    return made


async def test_a_killed_trainer_goes_on_from_its_last_checkpoint(training: Training) -> None:
    """Rows, verdicts that came early, models and offsets; what came after is read again from Kafka and learned once."""
    first = trainer_of(training)
    for n in range(50):
        first.take("features", row(f"e{n}", address="TThief"), None)
    first.take("verdicts", None, fraud("e1"))
    first.take("verdicts", None, fraud("not-here-yet"))
    first.offsets["features/0"] = 50
    await first.checkpoint()
    first.take("verdicts", None, fraud("e2"))  # and then it is killed

    again = trainer_of(training)
    again.load()

    assert again.offsets == {"features/0": 50}
    assert len(again.learner) == 49
    assert again.learner.models["transfer"].frauds == 1
    again.take("verdicts", None, fraud("e2"))
    again.take("features", row("not-here-yet"), None)
    assert again.learner.models["transfer"].frauds == 3


async def test_the_console_reads_what_the_trainer_wrote(training: Training, tmp_path: Path) -> None:
    """Versions, sizes, truths, champion and challenger; a killed trainer's successor goes on from there."""
    trainer = trainer_of(training)
    trainer.load()
    for n in range(40):
        trainer.take("features", row(f"e{n}"), None)
        trainer.take("verdicts", None, fraud(f"e{n}"))
    await trainer.checkpoint()

    report = ConsoleQueries(training._database).training()

    assert report is not None
    (model,) = report.models
    assert (model.family, model.number, model.frauds, model.published_at) == ("transfer", 1, 40, T0)
    assert model.bytes > 100
    assert 0 < model.load_ms < 1_000
    assert model.champion.pace > model.challenger.pace
    assert model.champion.loss < model.challenger.loss
    assert model.compared == 40
    again = trainer_of(training)
    again.load()
    assert again.contest.export() == trainer.contest.export()
    assert 'vigil_model_loss{family="transfer",model="challenger"}' in again.metrics()
    assert 'vigil_model_exchanges_total{family="transfer"} 0' in again.metrics()


async def test_models_go_out_as_data_and_no_more_often_than_asked(training: Training) -> None:
    """A worker takes the newest and keeps it when another can't be read."""
    clock = Clock()
    trainer = trainer_of(training, clock)
    trainer.load()
    for n in range(3):
        trainer.take("features", row(f"e{n}"), None)
        trainer.take("verdicts", None, fraud(f"e{n}"))
        await trainer.checkpoint()
        clock.now += 20

    said = trainer.publisher.said  # type: ignore[attr-defined]
    assert [message.topic for message in said] == ["models"]
    clock.now += 60
    await trainer.checkpoint()
    assert [unpack(message.value).number for message in said] == [1, 2]

    engine = msgspec.defstruct("Engine", [("risk", Any)])(msgspec.defstruct("Risk", [("models", Any)])({}))
    models = Models(engine)
    assert models.warming_up()
    for message in (*said, said[0]):
        models.take(message.value)
    models.take(b"nonsense")
    assert models.numbers == {"transfer": 2}
    assert engine.risk.models["transfer"].frauds == 3
    assert models.refused == 1


async def test_fraud_spreads_to_redis_before_it_counts_as_learned(training: Training) -> None:
    """A kill in between repeats the addition, which changes nothing."""
    trainer = trainer_of(training)
    trainer.take("features", row("e1", address="TThief", network="AS1"), None)
    trainer.take("verdicts", None, fraud("e1"))
    await trainer.checkpoint()

    assert set(trainer.crowd.kept) == {
        ("fraud-address", "TThief"),
        ("fraud-address-plain", "TThief"),
        ("fraud-network", "AS1"),
        ("fraud-user", "1"),
    }


async def test_of_two_trainers_one_works(training: Training, tmp_path: Path) -> None:
    """The second begins when the first has been silent for a lease; the first then writes nothing more."""
    second = opened(tmp_path, "two")
    assert not second.acquire(T0 + LEASE_SECONDS - 1)

    assert second.acquire(T0 + LEASE_SECONDS + 1)
    with pytest.raises(Lost):
        await trainer_of(training).checkpoint()
    second.release()
    assert training.acquire(T0 + LEASE_SECONDS + 2)
    second.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_verdict_teaches_the_worker(background: Background, tmp_path: Path, any_broker: Broker | Kafka) -> None:
    """A withdrawal through Kafka, a fraud verdict on it, and the model that was learned from both comes back to the worker."""
    settings = {"VIGIL_MODELS__PUBLISH_EVERY": "1"}
    product = Product(background, tmp_path, any_broker.address, small_broker=isinstance(any_broker, Broker), settings=settings).start()
    try:
        stolen = {
            "type": "transfer", "event_id": "w1", "user_id": "u1", "occurred_at": "2026-03-02T12:00:00Z", "transfer_id": "t1",
            "direction": "withdrawal", "status": "requested", "asset": "USDT", "amount": "900", "usd_value": "900", "address": "TThief",
        }  # fmt: skip
        judged = {
            "type": "verdict", "event_id": "v1", "user_id": "u1", "occurred_at": "2026-03-03T12:00:00Z", "about": "w1", "label": "fraud",
            "source": "exchange", "by": "chargeback",
        }  # fmt: skip
        worker = product.workers[0]
        product.bus.publish(stolen)
        product.bus.publish(judged)

        wait_until(lambda: "model 1 of transfer is in effect" in worker.log.read_text(), what=lambda: worker.tail(40))
    finally:
        product.close()
