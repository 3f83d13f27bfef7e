"""What the transport hands out: all that is at hand, of all partitions, in one batch."""

from __future__ import annotations

from collections import defaultdict, deque

import pytest
from faust.types import TP

from streams.merge import Merge
from streams.records import Item
from streams.transport import Consumer


def consumer() -> Consumer:
    """A consumer with two records of each of three partitions at hand."""
    made = object.__new__(Consumer)
    made.batch_size, made.handed_out = 500, 0
    made._merges, made._flight, made._done = defaultdict(Merge), defaultdict(deque), {}
    made._acked, made._acked_index = defaultdict(list), defaultdict(set)
    made.clock = lambda: 0.0
    made._missing = lambda tp: False
    for partition in range(3):
        tp = TP("notices", partition)
        made._merges[partition].lane(tp, lambda item: item).add([record(partition, offset) for offset in (7, 8)])
    return made


def record(partition: int, offset: int) -> Item:
    return Item("notices", "notices", partition, offset, b"u", b"{}")


@pytest.fixture(autouse=True)
def sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.merge._size", lambda item: 1)


def test_all_partitions_share_a_batch() -> None:
    """Transactions and acknowledgements cost by the batch, so what came of all partitions meanwhile goes into one."""
    (items,) = consumer()._ready()

    assert [(item.partition, item.offset) for item in items] == [(0, 7), (0, 8), (1, 7), (1, 8), (2, 7), (2, 8)]


def test_a_backlog_comes_in_portions_that_reach_every_partition() -> None:
    """No batch has more than its size, and nothing of the last partition waits for the first one's end."""
    made = consumer()
    made.batch_size = 3
    handed = [[(item.partition, item.offset) for item in items] for items in made._ready()]

    assert handed == [[(0, 7), (0, 8)], [(1, 7), (1, 8)], [(2, 7), (2, 8)]]


def test_a_shared_batch_commits_each_of_its_partitions_and_only_when_it_is_done() -> None:
    """Offsets of all partitions in a batch wait for it, and none is committed before."""
    made = consumer()
    (items,) = made._ready()
    _, message = made._message(items, 1)
    tps = [TP("notices", n) for n in range(3)]
    before = [made._new_offset(tp) for tp in tps]
    message.value.commit()

    assert before == [None] * 3
    assert [made._new_offset(tp) for tp in tps] == [9, 9, 9]
    assert message.partition == 2
