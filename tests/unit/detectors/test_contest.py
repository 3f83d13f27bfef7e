"""Champion and challenger: the rule by which they change places, and what lasts."""

from __future__ import annotations

import random

import msgspec
import pytest

from detectors.models.contest import LEAST_FRAUDS, PACES, Contest, Loss, average_precision, log_loss
from detectors.models.families import FAMILIES
from detectors.models.features import transfer
from detectors.models.learner import Record
from detectors.models.supervised import Supervised
from domain.events import Transfer


def record(n: int, own: float) -> Record:
    return Record(f"e{n}", 1, float(n), "transfer", (100.0, own, own) + (0.0,) * (len(transfer.NAMES) - 3))


def spoiled() -> Supervised:
    """A model that takes every ordinary amount for a theft."""
    model = Supervised(FAMILIES[Transfer])
    for n in range(400):
        model.learn(record(n, 0.0).row, 0.0, True, 1.0)
    return model


def told(contest: Contest, many: int, seed: int = 1) -> int:
    """Truths: odd amounts are thefts. How often places were changed."""
    dice, changed = random.Random(seed), 0
    for n in range(many):
        fraud = dice.random() < 0.5
        one = record(n, 8.0 if fraud else 0.0)
        model = contest.champions["transfer"]
        changed += contest.truth(one, fraud)
        model.learn(one.row, 0.0, fraud, 1.0 if fraud else 10.0)
    return changed


def test_a_challenger_that_is_clearly_better_takes_the_champions_place() -> None:
    """And the old champion goes on as the challenger, at its own pace."""
    champion = spoiled()
    contest = Contest({"transfer": champion})
    one = record(0, 0.0)
    contest.truth(one, False)
    pair = contest.pairs["transfer"]
    fresh = pair.challenger = Supervised(FAMILIES[Transfer])
    fresh.model.rate = PACES[1]

    for n in range(1, 300):
        fraud = bool(n % 2)
        one = record(n, 8.0 if fraud else 0.0)
        if contest.truth(one, fraud):
            break

    assert contest.champions["transfer"] is fresh
    assert pair.challenger is champion
    assert pair.exchanges == 1
    assert pair.exchanged_at == n


def test_who_was_promoted_by_mistake_loses_the_place_by_the_same_rule() -> None:
    """Times change back: what is better is asked anew after each exchange."""
    contest = Contest({"transfer": Supervised(FAMILIES[Transfer])})
    told(contest, 20)
    pair = contest.pairs["transfer"]
    good = contest.champions["transfer"]
    contest.champions["transfer"] = pair.exchange(good, 0.0)
    contest.champions["transfer"] = bad = spoiled()

    for n in range(300):
        fraud = bool(n % 2)
        if contest.truth(record(n, 8.0 if fraud else 0.0), fraud):
            break

    assert contest.champions["transfer"] is good
    assert pair.challenger is bad
    assert pair.exchanges == 2


def test_two_that_are_alike_stay_where_they_are() -> None:
    """Chance alone changes nothing, however long it is tried."""
    contest = Contest({"transfer": Supervised(FAMILIES[Transfer])})
    contest.truth(record(0, 0.0), True)
    pair = contest.pairs["transfer"]
    dice = random.Random(3)
    for _ in range(5_000):
        fraud = dice.random() < 0.1
        pair.compare(dice.gauss(-2, 1), dice.gauss(-2, 1), fraud, 1.0)
        assert not pair.better()


def test_few_frauds_decide_nothing() -> None:
    """However clear it looks."""
    contest = Contest({"transfer": Supervised(FAMILIES[Transfer])})
    contest.truth(record(0, 0.0), False)
    pair = contest.pairs["transfer"]
    for _ in range(LEAST_FRAUDS - 1):
        pair.compare(-5.0, 5.0 + random.Random(1).random(), True, 1.0)

    assert not pair.better()
    pair.compare(-5.0, 5.0, True, 1.0)
    assert pair.better()


def test_both_are_asked_before_they_learn() -> None:
    """What can't be told apart costs both what chance costs; what can, the slow one more."""
    contest = Contest({"transfer": Supervised(FAMILIES[Transfer])})
    told(contest, 300)

    pair = contest.pairs["transfer"]
    assert {contest.champions["transfer"].model.rate, pair.challenger.model.rate} == set(PACES)
    assert pair.champion_loss.mean < 0.5
    assert pair.challenger.frauds == contest.champions["transfer"].frauds


def test_a_comparison_lasts_over_a_restart() -> None:
    """With the pace of each, so that a promoted one stays itself."""
    contest = Contest({"transfer": Supervised(FAMILIES[Transfer])})
    told(contest, 200)
    contest.champions["transfer"].model.rate, contest.pairs["transfer"].challenger.model.rate = PACES[1], PACES[0]
    data = msgspec.msgpack.decode(msgspec.msgpack.encode(contest.export()))

    again = Contest({"transfer": Supervised(FAMILIES[Transfer])})
    again.restore(data)

    assert again.export() == contest.export()
    assert again.champions["transfer"].model.rate == PACES[1]
    assert again.pairs["transfer"].precisions() == contest.pairs["transfer"].precisions()


def test_a_comparison_of_other_features_begins_anew() -> None:
    """As the models do."""
    contest = Contest({"transfer": Supervised(FAMILIES[Transfer])})
    told(contest, 20)
    data = contest.export()
    data["transfer"]["challenger"]["names"] = ["other"]

    again = Contest({"transfer": Supervised(FAMILIES[Transfer])})
    again.restore(data)

    assert not again.pairs


def test_a_loss_fades() -> None:
    """What a model got wrong long ago is forgiven."""
    loss = Loss()
    loss.add(log_loss(-10.0, True), 1.0)
    before = loss.mean
    for _ in range(20_000):
        loss.add(log_loss(10.0, True), 1.0)

    assert before == pytest.approx(10.0, abs=0.01)
    assert loss.mean < 0.01


def test_average_precision_counts_what_a_truth_stands_for() -> None:
    """A genuine one of ten above the fraud costs as ten."""
    assert average_precision([(2.0, True, 1.0), (1.0, False, 10.0)]) == 1.0
    assert average_precision([(2.0, False, 10.0), (1.0, True, 1.0)]) == pytest.approx(1 / 11)
    assert average_precision([(1.0, False, 10.0), (1.0, True, 1.0)]) == pytest.approx(1 / 11)
    assert average_precision([(1.0, False, 10.0)]) is None
