"""What the transport hands out: all that is at hand, of all partitions, in one batch."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import TP

from streams.merge import Merge
from streams.records import Item
from streams.transport import Batch, Consumer


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


class Live(Consumer):
    """A consumer whose broker is a list of what each fetch brings, by partition and offset."""

    flow_active, should_stop, batch_size, batch_linger = True, False, 4, 0.0  # type: ignore[assignment]

    def __init__(self, *fetches: Sequence[tuple[int, int]]) -> None:
        self.app = cast(Any, SimpleNamespace(consumer_generation_id=1))
        self.fetches = list(fetches)
        self._last, self.handed_out, self.clock = None, 0, lambda: 0.0
        self._merges, self._flight = defaultdict(Merge), defaultdict(deque)
        for partition in range(2):
            self._merges[partition].lane(TP("notices", partition), lambda item: item)

    async def _fetch(self, timeout: float) -> None:
        for partition, offset in self.fetches.pop(0) if self.fetches else ():
            self._merges[partition].lane(TP("notices", partition), lambda item: item).add([record(partition, offset)])

    def _missing(self, tp: TP) -> bool:
        return False

    async def hand_out(self) -> list[Batch]:
        """The batches of one round."""
        return [message.value async for _, message in self.getmany(0.0)]


def offsets(batches: Iterable[Batch]) -> list[list[int]]:
    return [[item.offset for item in batch.items] for batch in batches]


async def test_what_comes_while_a_batch_is_worked_on_is_one_batch_afterwards() -> None:
    """Else it would be cut into small ones, which cost as much each as a large one, and the last notice would wait for all of them."""
    made = Live([(0, 1)], [(0, 2)], [(1, 7), (0, 3)])
    (first,) = await made.hand_out()
    later = asyncio.create_task(made.hand_out())
    await asyncio.sleep(0)
    assert not later.done()
    first.over.set()

    assert offsets(await later) == [[2, 3, 7]]


async def test_a_full_batch_is_handed_out_while_another_is_worked_on() -> None:
    """A backlog is never without work: the next batch is there before the one before is done."""
    made = Live([(0, 1)], [(0, n) for n in range(2, 7)])
    await made.hand_out()

    assert offsets(await made.hand_out()) == [[2, 3, 4, 5], [6]]


async def test_a_batch_that_takes_very_long_does_not_hold_back_the_others_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis may be away for an hour: the consumer has to see to its group meanwhile."""
    monkeypatch.setattr("streams.transport.GATHER", 0.01)
    made = Live([(0, 1)], [(0, 2)])
    await made.hand_out()

    assert offsets(await made.hand_out()) == [[2]]


async def test_nothing_waits_for_a_batch_that_a_rebalance_took_away() -> None:
    """Nobody works on it any more."""
    made = Live([(0, 1)], [(0, 2)])
    made._next, made._gaps, made._done = {}, {}, {}
    await made.hand_out()
    made._forget()

    assert offsets(await asyncio.wait_for(made.hand_out(), 0.5)) == [[2]]
