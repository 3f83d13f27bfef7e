"""`python worker.py run`: the stack, the simulated exchange and a look at both, until Ctrl-C or for `--seconds`."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.live import Live

from config.settings import Settings
from embedded.exchange.publish import Publisher, TopicsMissing
from embedded.exchange.world import DAY, Exchange, live
from embedded.live import PLAIN_EVERY, Board
from embedded.processes import ChildFailed
from embedded.stack import AlreadyRunning, Stack

HISTORY_DAYS = 24
RATE = 12.0
"""Live events a second."""
SignIn = Callable[[str, str], str]
"""(public URL of the console, secret key) -> a one-time sign-in link."""


@dataclass
class Memory:
    """What the simulated exchange knows of its own past, so that the next run goes on with it. Seconds since the epoch."""

    seed: int
    users: int
    origin: float
    until: float
    """History is published up to here."""
    attacked: list[str] = field(default_factory=list)
    """Whom earlier runs attacked, in order: notices about the same again would be held back as told already."""

    @classmethod
    def read(cls, path: Path, seed: int, users: int, now: float) -> "Memory":
        """The kept one if it is about the same people, else one that begins now."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            kept = cls(**json.loads(path.read_text()))
            if (kept.seed, kept.users) == (seed, users) and kept.until <= now:
                return kept
        origin = now - HISTORY_DAYS * DAY
        return cls(seed, users, origin, 0.0)

    def write(self, path: Path) -> None:
        beside = path.with_suffix(".tmp")
        beside.write_text(json.dumps(asdict(self)))
        os.replace(beside, path)


class Enough(Exception):
    """The seconds asked for are over."""


def run(
    settings: Settings, *, sign_in: SignIn, seconds: float | None = None, no_simulator: bool = False, fresh: bool = False,
    users: int = 200, seed: int = 7,
) -> int:  # fmt: skip
    """Returns the exit status: 0 ended as asked, 1 a part failed."""
    status = 1
    try:
        status = asyncio.run(_run(settings, sign_in, seconds, None if no_simulator else (seed, users), fresh))
    except* (ChildFailed, AlreadyRunning, OSError, KafkaError, TopicsMissing) as failed:
        for error in failed.exceptions:
            print(f"\n{error or type(error).__name__}", file=sys.stderr)
    return status


async def _run(settings: Settings, sign_in: SignIn, seconds: float | None, people: tuple[int, int] | None, fresh: bool) -> int:
    began = time.time()
    screen = Console(highlight=False, soft_wrap=True)
    board = Board()
    stack = Stack(settings, fresh=fresh, mail=lambda m: board.mail(m.notice_id, m.locale), text=lambda t: board.text(t.notice_id))
    work = asyncio.ensure_future(_live(stack, board, screen, sign_in, people, began, seconds))
    _end_on_signals(work, stack, screen)
    try:
        await work
    except* (Enough, asyncio.CancelledError):
        screen.print("stopping ...")
    finally:
        await stack.stop()
    screen.print(board.lines())
    screen.print(f"stopped; what was learned and sent is kept in {stack.folders.data}, `--fresh` begins anew")
    return 0


async def _live(
    stack: Stack, board: Board, screen: Console, sign_in: SignIn, people: tuple[int, int] | None, began: float, seconds: float | None
) -> None:
    """Starts everything and goes on until cancelled, or (Enough) for so many seconds. ChildFailed when a part ends by itself."""
    screen.print("[bold]Vigil[/] on this machine")
    await stack.start(lambda what: screen.print(f"  starting {what}"))
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_watch_parts(stack))
        if people:
            tasks.create_task(_simulate(stack, board, screen, ready, *people))
        await stack.ready()
        # Signed only now: the link is short-lived.
        screen.print(f"  ready after {time.time() - began:.0f} s\n")
        screen.print(f"  console   [bold]{sign_in(stack.url, stack.secret)}[/]  (this link signs you in, once)")
        screen.print(f"  mailbox   {stack.url}/mailbox")
        screen.print(f"  broker    {stack.broker.address}   logs {stack.folders.logs}")
        screen.print(f"  commands  . {_short(stack.folders.environment)} && .venv/bin/python worker.py ledger verify   (while it runs)")
        screen.print("  Ctrl-C ends it\n")
        ready.set()
        tasks.create_task(_listen(stack.broker.address, board))
        tasks.create_task(_show(board, screen))
        if seconds is not None:
            tasks.create_task(_enough(seconds))


def _short(path: Path) -> str:
    """From where we are, if it is below; a path that `.` takes without looking through PATH."""
    return f"./{path.relative_to(Path.cwd())}" if path.is_relative_to(Path.cwd()) else str(path)


async def _enough(seconds: float) -> None:
    await asyncio.sleep(seconds)
    raise Enough


async def _simulate(stack: Stack, board: Board, screen: Console, ready: asyncio.Event, seed: int, users: int) -> None:
    """The people's past while the worker starts; once it is ready, life."""
    kept = stack.folders.data / "exchange.json"
    start = time.time()
    memory = Memory.read(kept, seed, users, start)
    exchange = Exchange(seed, users, memory.origin, attacked=memory.attacked)
    languages = {p.user_id: p.locale for p in exchange.people}
    board.users, board.truth, board.surprises, board.language = users, exchange.truth, exchange.surprises, languages.get
    async with Publisher(stack.broker.address, "", board.event) as out:
        await out.directory(exchange.directory())
        # Days without surprises aren't counted: they are for learning.
        board.counted_from = max(memory.until, exchange.quiet_until)
        board.live_for(max(0.0, start - board.counted_from))
        count = await out.history(exchange.ordinary(start), memory.until)
        memory.until = start
        memory.write(kept)
        screen.print(f"  {users:,} people of a simulated exchange, {count:,} events of their past published")
        await ready.wait()
        try:
            await out.live(live(exchange, time.time(), RATE, run=f"{int(start):x}"), exchange.truth)
        finally:
            memory.until, memory.attacked = time.time(), exchange.attacked[-users * 3 // 4 :]
            memory.write(kept)


async def _listen(brokers: str, board: Board) -> None:
    """Tells the board every notice and receipt of this run."""
    told: dict[str, Callable[[dict[str, Any]], None]] = {"notices": board.notice, "receipts": board.receipt}
    async with _consumer(brokers, list(told)) as records:
        async for record in records:
            told[record.topic](json.loads(record.value))


@contextlib.asynccontextmanager
async def _consumer(brokers: str, topics: list[str]) -> AsyncIterator[AIOKafkaConsumer]:
    """Reads topics whole, as a bystander: no group, nothing committed."""
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        cluster = await consumer._client.fetch_all_metadata()
        parts = [TopicPartition(t, n) for t in topics for n in sorted(cluster.partitions_for_topic(t) or ())]
        consumer.assign(parts)
        for part in parts:
            consumer.seek(part, 0)
        yield consumer
    finally:
        await consumer.stop()


async def _watch_parts(stack: Stack) -> None:
    while (part := stack.failed()) is None:
        await asyncio.sleep(0.5)
    raise ChildFailed(f"{part.name} ended by itself with status {part.exit_status}; see {part.log}\n{part.tail(30)}")


async def _show(board: Board, screen: Console) -> None:
    last = time.time()
    terminal = screen.is_terminal
    with Live(board.picture(), console=screen, refresh_per_second=2, auto_refresh=False) if terminal else contextlib.nullcontext() as view:
        while True:
            await asyncio.sleep(0.5 if terminal else PLAIN_EVERY)
            now = time.time()
            board.live_for(now - last)
            last = now
            if view:
                view.update(board.picture(), refresh=True)
            else:
                screen.print(board.lines())


def _end_on_signals(work: "asyncio.Future[None]", stack: Stack, screen: Console) -> None:
    """The first Ctrl-C ends in order; the second at once."""
    asked: list[int] = []

    def end() -> None:
        if asked:
            screen.print("at once")
            stack.kill()
        asked.append(1)
        work.cancel()

    for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(which, end)
