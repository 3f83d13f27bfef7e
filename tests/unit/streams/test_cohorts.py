"""The models of a partition over a restart."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from detectors.models.cohort import WINDOW, Cohort, Row
from detectors.models.partition import MODELS, Cohorts
from streams import cohorts as module
from streams.cohorts import BEFORE, PREFIX, KeptCohorts

ROWS: list[Row] = [(0.01 * (n % 60), 0.2, float(n % 2), 0.3) for n in range(3 * WINDOW)]


class Store:
    """Redis for two commands."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        self.writes = 0

    async def mget(self, names: list[str]) -> list[bytes | None]:
        return [self.data.get(name) for name in names]

    async def mset(self, values: dict[str, bytes]) -> None:
        self.writes += 1
        self.data.update(values)


def kept(store: Store) -> tuple[Cohorts, KeptCohorts]:
    cohorts = Cohorts()
    return cohorts, KeptCohorts(cohorts, MODELS, store)


def taught(model: Any) -> Any:
    for row in ROWS:
        model.learn_one(row)
    return model


async def test_the_next_owner_goes_on_with_the_same_models() -> None:
    """Written at the hand-over, read at the claim; another partition's model isn't touched."""
    store = Store()
    cohorts, keeper = kept(store)
    taught(cohorts(3).withdrawals)
    await keeper.write(now=True)
    others, reader = kept(store)
    await reader.read(3)
    await reader.read(4)

    assert others(3).withdrawals.export() == cohorts(3).withdrawals.export()
    assert others(4).withdrawals.export() == Cohort().export()


async def test_what_an_older_worker_kept_is_read() -> None:
    """The model of withdrawals had a name of its own when there was no other; the newer one is preferred."""
    store, model = Store(), taught(Cohort())
    store.data[f"{BEFORE}1"] = msgspec.msgpack.encode(model.export())
    cohorts, reader = kept(store)
    await reader.read(1)
    first = cohorts(1).withdrawals.export()
    store.data[f"{PREFIX}withdrawals:1"] = msgspec.msgpack.encode(Cohort().export())
    await reader.read(1)

    assert first == model.export()
    assert cohorts(1).withdrawals.export() == Cohort().export()


@pytest.mark.parametrize("data", [b"\xc1", msgspec.msgpack.encode([1, 2]), msgspec.msgpack.encode({"rows": [[9.0]], "ranked": []})])
async def test_a_model_that_cant_be_read_begins_anew(data: bytes) -> None:
    """Whatever lies there, the partition is taken."""
    store = Store()
    store.data[f"{PREFIX}withdrawals:1"] = data
    cohorts, reader = kept(store)
    await reader.read(1)

    assert cohorts(1).withdrawals.export() == Cohort().export()


async def test_each_batch_writes_one_model_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of three partitions take turns; each is written once in ten seconds."""
    now, store = [0.0], Store()
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    cohorts, keeper = kept(store)
    for partition in range(3):
        taught(cohorts(partition).withdrawals)
    sizes = []
    for _ in range(12):
        await keeper.write()
        sizes.append(len(store.data))
        now[0] += 2.0

    assert sizes == [0, 0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 3]
    assert store.writes == 3
