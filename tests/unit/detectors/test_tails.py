"""Evidence is worth how seldom as much is said."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from detectors.models.tails import Tails


def counted(many: int, share: float, loud: float = 20.0) -> Tails:
    """A share of events says `loud` nats, the others little."""
    rng, tails = random.Random(1), Tails()
    for n in range(many):
        tails.count("amount", loud if n < many * share else rng.expovariate(1.0))
    return tails


def test_what_many_say_is_worth_little() -> None:
    """Twenty nats of which one event in ten speaks, against those of one in a thousand."""
    common, rare = counted(10_000, 0.1).nats("amount", 20.0), counted(10_000, 0.001).nats("amount", 20.0)

    assert common < 3.0
    assert rare > common + 2.0


def test_more_is_never_worth_less() -> None:
    """At every amount, whatever was counted; also within one bin."""
    for tails in (Tails(), counted(100, 0.05), counted(5_000, 0.01)):
        worths = [tails.nats("amount", n / 20.0) for n in range(1, 900)]
        assert worths == sorted(worths)
        assert len(set(worths)) == len(worths)


def test_before_anything_was_counted_a_part_is_believed() -> None:
    """A hundred in a hundred can't be known of nothing."""
    assert 3.0 < Tails().nats("amount", 20.0) < 16.0


def test_it_is_kept_over_a_restart() -> None:
    """As plain data, small."""
    one, two = counted(20_000, 0.01), Tails()
    kept = msgspec.msgpack.encode(one.export())
    two.restore(msgspec.msgpack.decode(kept, strict=False))

    assert len(kept) < 4_096
    assert two.export() == one.export()
    assert two.nats("amount", 5.0) == one.nats("amount", 5.0)


@pytest.mark.parametrize("broken", [None, [1], {"x": 3}, {"x": [1.0, {999: 1}]}, {"x": [float("nan"), {}]}])
def test_what_is_damaged_is_refused(broken: Any) -> None:
    """A fresh one takes its place."""
    with pytest.raises((KeyError, TypeError, IndexError, ValueError, AttributeError)):
        Tails().restore(broken)
