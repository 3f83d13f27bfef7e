"""Learning from verdicts that come late or never."""

from __future__ import annotations

import msgspec
import pytest

from detectors.models.features import transfer
from detectors.models.learner import GENUINE_AFTER, GENUINE_KEPT, SLACK, Learner, Record, marks
from detectors.models.supervised import Supervised, restored
from domain.crowd import MemoryCrowd
from tests.support.events import DAY, NOON, verdict

T0 = NOON.timestamp()
ODD, PLAIN = (900.0, 8.0, 5.0, 1.5), (100.0, 0.0, 0.0, -0.5)


def record(name: str, at: float = 0.0, odd: bool = False, **fields: object) -> Record:
    """An event `at` seconds from NOON, far above its owner's usual amounts, or not."""
    row = (ODD if odd else PLAIN) + (0.0,) * (len(transfer.NAMES) - 4)
    return Record(event_id=name, user=1, at=T0 + at, family="transfer", row=row, **fields)  # type: ignore[arg-type]


def fraud_known(learner: Learner) -> None:
    """Someone reports, so silence means something."""
    learner.take(record("first"))
    learner.verdict(verdict("first", DAY, "fraud", "exchange"))  # type: ignore[arg-type]


def learned(learner: Learner) -> list[tuple[str, bool]]:
    told: list[tuple[str, bool]] = []
    learner.learned = lambda one, fraud: told.append((one.event_id, fraud))
    return told


def test_a_fraud_verdict_teaches_what_the_event_was_like_in_its_moment() -> None:
    """The row is the one that was kept, however much has happened since."""
    learner = Learner()
    told = learned(learner)
    learner.take(record("e1", odd=True))
    learner.verdict(verdict("e1", 7 * DAY, "fraud", "exchange"))  # type: ignore[arg-type]

    assert told == [("e1", True)]
    model = learner.models["transfer"]
    assert model.logit(record("x", odd=True).row, 0.0) > Supervised(model.family).logit(record("x", odd=True).row, 0.0)


def test_what_nobody_complains_about_in_time_is_genuine() -> None:
    """One in so many is learned and stands for all; not before its time."""
    learner = Learner()
    fraud_known(learner)
    told = learned(learner)
    for n in range(400):
        learner.take(record(f"e{n}"))
    learner.advance(T0 + GENUINE_AFTER)
    assert told == []

    learner.advance(T0 + GENUINE_AFTER + SLACK)

    assert 400 / GENUINE_KEPT / 2 < len(told) < 400 / GENUINE_KEPT * 2
    assert not any(fraud for _, fraud in told)


def test_silence_says_nothing_where_nobody_ever_reports() -> None:
    """Without a single fraud there is no model at all."""
    learner = Learner()
    for n in range(100):
        learner.take(record(f"e{n}"))
    learner.advance(T0 + 30 * DAY)

    assert learner.models == {}


def test_a_fraud_verdict_after_the_deadline_corrects() -> None:
    """It was taken for genuine, and is fraud after all."""
    learner = Learner()
    fraud_known(learner)
    told = learned(learner)
    learner.take(record("late"))
    learner.advance(T0 + GENUINE_AFTER + 2 * DAY)
    learner.verdict(verdict("late", 10 * DAY, "fraud", "exchange"))  # type: ignore[arg-type]

    assert told[-1] == ("late", True)


@pytest.mark.parametrize(("source", "count"), [("user", 0), ("analyst", 1)])
def test_a_users_own_genuine_teaches_nothing(source: str, count: int) -> None:
    """It may be the intruder's; an analyst's word counts at once."""
    learner = Learner()
    fraud_known(learner)
    told = learned(learner)
    sampled = next(name for name in (f"e{n}" for n in range(1_000)) if _is_sampled(name))
    learner.take(record(sampled))
    learner.verdict(verdict(sampled, DAY, "genuine", source))  # type: ignore[arg-type]

    assert len(told) == count


def test_a_verdict_may_name_the_notice_and_may_come_first() -> None:
    """Frauds are known by the ids of findings and notices too, and a verdict waits for its event."""
    learner = Learner()
    told = learned(learner)
    learner.take(record("e1", names=("finding-1", "notice-1")))
    learner.verdict(verdict("notice-1", DAY, "fraud", "user"))  # type: ignore[arg-type]
    learner.verdict(verdict("e2", DAY, "fraud", "user"))  # type: ignore[arg-type]
    learner.take(record("e2"))

    assert told == [("e1", True), ("e2", True)]


def test_fraud_spreads_to_what_it_shared_from_when_it_is_known() -> None:
    """Address, device and network become suspect with the verdict, not with the event."""
    crowd = MemoryCrowd()
    learner = Learner(crowd)
    learner.take(record("e1", address="TThief", device="17", network="AS1"))
    learner.verdict(verdict("e1", 7 * DAY, "fraud", "exchange"))  # type: ignore[arg-type]

    assert set(marks(record("e1", address="TThief", device="17", network="AS1"))) == {
        ("fraud-address", "TThief"), ("fraud-address-plain", "TThief"), ("fraud-device", "17"), ("fraud-network", "AS1"), ("fraud-user", "1")
    }  # fmt: skip
    assert crowd.count("fraud-address", "TThief", T0 + 6 * DAY) == 0
    assert crowd.count("fraud-address", "TThief", T0 + 8 * DAY) == 1


def test_memory_is_bounded() -> None:
    """What had to go before anything was known of it is counted."""
    learner = Learner(most=100)
    for n in range(250):
        learner.take(record(f"e{n}"))

    assert len(learner) == 100
    assert learner.dropped == 150


def test_a_model_is_data_that_makes_the_same_model() -> None:
    """Through msgpack and back: the same log odds, and learning goes on as if nothing had happened."""
    learner = Learner()
    fraud_known(learner)
    for n in range(50):
        learner.take(record(f"e{n}", odd=n % 2 == 0))
        learner.verdict(verdict(f"e{n}", DAY, "fraud" if n % 2 == 0 else "genuine", "analyst"))  # type: ignore[arg-type]
    model = learner.models["transfer"]
    again = restored(msgspec.msgpack.decode(msgspec.msgpack.encode(model.export())))
    for one in (model, again):
        one.learn(ODD + (0.0,) * (len(transfer.NAMES) - 4), 2.0, True, 1.0)

    row = record("x").row
    assert again.logit(row, 1.0) == model.logit(row, 1.0)
    assert (again.frauds, again.genuine) == (model.frauds, model.genuine)


@pytest.mark.parametrize("wrong", [{"version": 2}, {"names": ["usd"]}, {"size": 3}, {"intercept": float("nan")}, {"places": [10**6]}])
def test_a_model_of_another_make_is_refused(wrong: dict[str, object]) -> None:
    """A snapshot of other features would score nonsense."""
    learner = Learner()
    fraud_known(learner)
    data = learner.models["transfer"].export()
    data |= wrong if "places" not in wrong else {"places": [10**6, *data["places"][1:]]}

    with pytest.raises((ValueError, TypeError, KeyError)):
        restored(data)


def _is_sampled(name: str) -> bool:
    from detectors.models.learner import _sampled

    return _sampled(name)
