"""The watch ends a process that has silently stopped, and no other."""

from types import SimpleNamespace

import pytest

from streams.metrics import Standing
from streams.watch import Watch


class Died(BaseException):
    """The process would have ended."""


class Clocked:
    """A watch of 90 s on a clock that the test moves."""

    def __init__(self) -> None:
        self.now, self.batches, self.away = 0.0, 0, False
        self.app = SimpleNamespace(consumes=True)
        self.watch = Watch(
            Standing(self.app, "detect"),
            waiting=lambda: self.away,
            done=lambda: self.batches,
            stall=90.0,
            die=self.die,
            clock=lambda: self.now,
        )

    def die(self, why: str) -> None:
        raise Died(why)

    def look(self, behind: int, seconds: int = 200, work: bool = False) -> None:
        """Looks every five seconds for so long; `work`: a batch is done each time."""
        for _ in range(seconds // 5):
            self.now += 5
            self.batches += work
            self.watch.look(behind)


def test_no_progress_with_something_to_do_ends_the_process() -> None:
    """Lag that nobody works off, for longer than the limit."""
    with pytest.raises(Died, match="no progress for 90 s with 7 records"):
        Clocked().look(behind=7)


def test_nothing_to_do_is_no_stall() -> None:
    """A quiet night."""
    Clocked().look(behind=0, seconds=10_000)


def test_slow_work_is_no_stall() -> None:
    """However long the backlog, as long as batches are done."""
    Clocked().look(behind=1_000_000, seconds=10_000, work=True)


def test_waiting_for_redis_is_no_stall() -> None:
    """A restart would mend nothing; when it is back, the count begins anew."""
    clocked = Clocked()
    clocked.away = True
    clocked.look(behind=7, seconds=10_000)
    clocked.away = False
    clocked.look(behind=7, seconds=60)


def test_a_rebalance_that_never_ends_is_a_stall() -> None:
    """Without partitions nothing is behind, and yet nothing is consumed."""
    clocked = Clocked()
    clocked.app.consumes = False
    with pytest.raises(Died):
        clocked.look(behind=0)
