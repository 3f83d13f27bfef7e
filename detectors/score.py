"""Replays events through profiles, detectors and models: one pass, no broker, nothing sent.

States of users are kept in memory: those seen lately as they are, the others encoded, so that a hundred thousand users fit.
"""

from __future__ import annotations

import gc
import gzip
import io
import os
import stat
import sys
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import msgspec
import zstandard

from detectors.engine import Engine
from detectors.models.learner import Learner
from detectors.outcome import Outcome
from domain.decode import Rejected, decode_any
from domain.events import Event, Verdict
from domain.profile import UserState, decode, encode

BOM = b"\xef\xbb\xbf"
AWAKE = 20_000
"""Users whose state is kept decoded."""
PROGRESS_SECONDS = 5.0
BROKEN = (OSError, EOFError, zlib.error, zstandard.ZstdError)
"""What comes of a file that ends early, or isn't packed as its name says."""


class States:
    """States by user id; the ones not used lately are encoded."""

    def __init__(self, awake: int = AWAKE):
        self._awake: OrderedDict[str, UserState] = OrderedDict()
        self._asleep: dict[str, bytes] = {}
        self._limit = awake

    def __getitem__(self, user_id: str) -> UserState:
        state = self._awake.get(user_id)
        if state is not None:
            self._awake.move_to_end(user_id)
            return state
        state = decode(self._asleep.pop(user_id, None))
        self._awake[user_id] = state
        if len(self._awake) > self._limit:
            other, old = self._awake.popitem(last=False)
            self._asleep[other] = encode(old)
        return state

    def __len__(self) -> int:
        return len(self._awake) + len(self._asleep)


def replay(
    lines: Iterable[bytes],
    engine: Engine,
    refused: Callable[[int, str], None],
    states: States | None = None,
    learner: Learner | None = None,
) -> Iterator[tuple[Event, Outcome]]:
    """Each event with what came of it. `lines`: one JSON object each, in event time; empty ones are passed over. `refused` is told the
    number of a line that can't be taken, counted from 1, and why. `learner`: learns from the verdicts among them, see `learning`."""
    known = States() if states is None else states
    for number, line in enumerate(lines, 1):
        line = bare(line, number)
        if not line:
            continue
        try:
            event = decode_any(line)
        except Rejected as error:
            refused(number, str(error))
            continue
        outcome = engine.apply(event, known[event.user_id])
        if learner is not None:
            if outcome.record is not None:
                learner.advance(event.at)
                learner.take(outcome.record)
            elif isinstance(event, Verdict):
                learner.advance(event.at)
                learner.verdict(event)
        yield event, outcome


def score_events(
    lines: Iterable[bytes],
    engine: Engine,
    refused: Callable[[int, str], None],
    states: States | None = None,
    learner: Learner | None = None,
) -> Iterator[dict[str, Any]]:
    """One result for each event that isn't a verdict: event_id, user_id, risk in [0, 1], warming_up, findings (detector, score,
    severity)."""
    for event, outcome in replay(lines, engine, refused, states, learner):
        if not isinstance(event, Verdict):
            yield {
                "event_id": event.event_id,
                "user_id": event.user_id,
                "risk": round(outcome.risk, 9),
                "warming_up": outcome.warming_up,
                "findings": [
                    {"detector": f.detector, "score": round(f.score, 6), "severity": f.severity}
                    for f in outcome.findings
                    if f.event_id == event.event_id
                ],
            }


def learning(engine: Engine, *, supervised: bool = True) -> Learner:
    """A learner for one pass: what it learns is in the engine's next judgement, and frauds are told to the engine's crowd. Without
    `supervised` that is all: no classifier is trained."""
    learner = Learner(engine.crowd, classify=supervised)
    engine.records, engine.risk.models = True, learner.models
    return learner


def score_files(paths: Iterable[str], output: Path, engine: Engine, *, supervised: bool = True) -> int:
    """For the command line: writes one JSON line a result to `output`. Returns 1 when a line or a part of a file could not be taken,
    else 0; each is named on standard error. Raises ValueError, before anything is done, for a file that isn't there or can't be opened."""
    paths = list(paths)
    can_be_read(paths)
    if not output.absolute().parent.is_dir():
        raise ValueError(f"{output}: can't be written: there is no folder {output.parent}")
    problems, states, started = Problems(), States(), time.monotonic()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # what lives long are the states: looked through ever again, they cost more than the events
    learner = learning(engine, supervised=supervised)
    engine.explains = False  # nobody reads it here
    part = output.with_name(output.name + ".part")
    try:
        with part.open("wb") as sink:
            done = sum(_score_file(path, sink, engine, states, learner, problems) for path in paths)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    took = max(time.monotonic() - started, 1e-9)
    each = f" ({took / done * 1e6:.0f} us an event)" if done else ""
    print(f"{done:,} events of {len(states):,} users in {took:.1f} s{each}", file=sys.stderr)
    return problems.end()


def _score_file(path: str, sink: IO[bytes], engine: Engine, states: States, learner: Learner, problems: Problems) -> int:
    """Writes the results of one file; returns how many."""
    problems.file, done, encoder = path, 0, msgspec.json.Encoder()
    started = shown = time.monotonic()
    try:
        with open_lines(path) as lines:
            for result in score_events(lines, engine, problems.refused, states, learner):
                sink.write(encoder.encode(result) + b"\n")
                done += 1
                if not done % 1000 and time.monotonic() - shown >= PROGRESS_SECONDS:
                    shown = time.monotonic()
                    print(f"{path}: {done:,} events, {done / (shown - started):,.0f} a second, {len(states):,} users", file=sys.stderr)
    except BROKEN as error:
        problems.say(f"{path}: can't be read: {error}")
    return done


class Problems:
    """Says the first few problems as they come, and counts all."""

    SAID = 20

    def __init__(self) -> None:
        self.file, self.count = "", 0

    def refused(self, number: int, reason: str) -> None:
        """A line that can't be taken."""
        self.say(f"{self.file}:{number}: {reason}")

    def say(self, text: str) -> None:
        """Counts it, and says it while there are few."""
        self.count += 1
        if self.count <= self.SAID:
            print(text, file=sys.stderr)

    def end(self) -> int:
        """The exit status."""
        if self.count > self.SAID:
            print(f"{self.count - self.SAID:,} more problems", file=sys.stderr)
        return 1 if self.count else 0


def can_be_read(paths: Iterable[str]) -> None:
    """Raises ValueError that names the first file that can't be opened, and why. Opens none: a pipe can be opened once only."""
    for path in paths:
        if path == "-":
            continue
        try:
            mode = Path(path).stat().st_mode
        except OSError as error:
            raise ValueError(f"{path}: can't be read: {error.strerror}") from None
        if stat.S_ISDIR(mode):
            raise ValueError(f"{path}: can't be read: it is a folder")
        if not os.access(path, os.R_OK):
            raise ValueError(f"{path}: can't be read: Permission denied")


def bare(line: bytes, number: int) -> bytes:
    """Line `number`, counted from 1, without the blanks around it; the first without the byte order mark that some editors write."""
    return line.removeprefix(BOM).strip() if number == 1 else line.strip()


def open_lines(path: str) -> IO[bytes]:
    """The lines of a file; `.gz` and `.zst` are unpacked on the way, `-` is standard input. Raises OSError."""
    if path == "-":
        return sys.stdin.buffer
    if path.endswith(".gz"):
        return io.BufferedReader(gzip.open(path, "rb"), 1 << 20)
    if path.endswith(".zst"):
        with ExitStack() as opened:
            raw = opened.enter_context(Path(path).open("rb"))
            reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, closefd=True)
            opened.pop_all()
            return io.BufferedReader(reader, 1 << 20)
    return Path(path).open("rb", buffering=1 << 20)
