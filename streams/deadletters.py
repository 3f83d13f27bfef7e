"""`dead-letters list` and `redrive`: what could not be taken, and giving it to its topic once more after the cause was mended."""

from __future__ import annotations

import asyncio
import base64
import logging
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from config.settings import Settings
from domain.events import INPUT_TOPICS
from domain.messages import DeadLetter
from domain.ports import Unavailable
from ledger.book import Book
from streams.publisher import KafkaPublisher, Message
from streams.read import whole

Place = tuple[str, int, int]
"""Topic as it is called at the broker, partition, offset."""
_DECODER = msgspec.json.Decoder(DeadLetter)


class WrongUse(ValueError):
    """The arguments name nothing that can be done; the text says why."""


class Letter(msgspec.Struct, frozen=True):
    """A dead letter and whether it was given to its topic again."""

    letter: DeadLetter
    redriven: bool = False

    @property
    def place(self) -> Place:
        return self.letter.topic, self.letter.partition, self.letter.offset


def parse_place(text: str) -> Place:
    """`topic/partition/offset`. Raises WrongUse."""
    topic, _, rest = text.partition("/")
    partition, _, offset = rest.partition("/")
    if not (topic and partition.isdigit() and offset.isdigit()):
        raise WrongUse(f"{text!r} is not TOPIC/PARTITION/OFFSET, e.g. logins/0/18")
    return topic, int(partition), int(offset)


async def read(settings: Settings, was_redriven: Callable[[Sequence[Place]], set[Place]] = lambda places: set()) -> list[Letter]:
    """All that the topic `dead-letters` holds, one a place (a replay may have written it twice), oldest first. Raises Unavailable."""
    found: dict[Place, DeadLetter] = {}
    async for records in whole(settings, ["dead-letters"]):
        for record in records:
            try:
                letter = _DECODER.decode(record.value or b"")
            except msgspec.MsgspecError:
                continue
            found.setdefault((letter.topic, letter.partition, letter.offset), letter)
    again = was_redriven(list(found)) if found else set()
    return sorted((Letter(letter, place in again) for place, letter in found.items()), key=lambda one: (one.letter.at, *one.place))


def chosen(
    letters: Sequence[Letter], settings: Settings, *, topic: str | None, reason: str | None, places: Sequence[Place] = ()
) -> list[Letter]:  # fmt: skip
    """Those of a topic (with or without prefix), whose reason or field contains a text, at places."""
    inputs = {settings.kafka.at_broker(name) for name in INPUT_TOPICS}
    wanted = {(name if name in inputs else settings.kafka.at_broker(name), p, o) for name, p, o in places}
    return [
        one
        for one in letters
        if (topic is None or one.letter.topic in (topic, settings.kafka.at_broker(topic)))
        and (reason is None or reason.lower() in f"{one.letter.field or ''} {one.letter.reason}".lower())
        and (not wanted or one.place in wanted)
    ]


def list_dead_letters(
    settings: Settings, *, topic: str | None = None, reason: str | None = None, pending: bool = False, as_json: bool = False
) -> int:  # fmt: skip
    """Prints them; `pending`: only those not redriven. Exit status."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it says is said here in one line
    store = _store(settings)
    try:
        letters = chosen(asyncio.run(read(settings, store.redriven)), settings, topic=topic, reason=reason)
    except Unavailable as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        store.close()
    if pending:
        letters = [one for one in letters if not one.redriven]
    if as_json:
        rows: list[Any] = [{**msgspec.to_builtins(one.letter), "redriven": one.redriven} for one in letters]
        print(msgspec.json.format(msgspec.json.encode(rows)).decode())
        return 0
    if not letters:
        print("no dead letters")
        return 0
    table = Table(box=None, pad_edge=False)
    for title in ("when", "place", "field", "reason", "bytes", ""):
        table.add_column(title, overflow="fold", justify="right" if title == "bytes" else "left")
    for one in letters:
        letter = one.letter
        size = len(base64.b64decode(letter.value or ""))
        when, state = f"{letter.at:%Y-%m-%d %H:%M:%S}", "redriven" if one.redriven else ""
        place = f"{letter.topic}/{letter.partition}/{letter.offset}"
        table.add_row(when, place, letter.field or "", letter.reason[:200], str(size), state)
    Console(width=None if sys.stdout.isatty() else 400).print(table)  # piped, each stays on one line
    return 0


def redrive(
    settings: Settings, places: Sequence[str] = (), *, everything: bool = False, topic: str | None = None, reason: str | None = None,
    again: bool = False,
) -> int:  # fmt: skip
    """Publishes records with their own key and value to their own topic, and notes it, so that the next redrive leaves them out (but for
    `again`). Exit status; 2 where nothing was named."""
    try:
        if not (places or everything or topic or reason):
            raise WrongUse("name records (TOPIC/PARTITION/OFFSET), or --topic, or --reason, or --all")
        wanted = [parse_place(text) for text in places]
    except WrongUse as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    store = _store(settings)
    try:
        letters = chosen(asyncio.run(read(settings, store.redriven)), settings, topic=topic, reason=reason, places=wanted)
        cut = [one for one in letters if "(cut: the record has " in one.letter.reason]
        due = [one for one in letters if (again or not one.redriven) and one not in cut]
        refused = asyncio.run(_publish(settings, due, lambda done: store.mark_redriven([one.place for one in done], datetime.now(UTC))))
    except Unavailable as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        store.close()
    for one, why in refused:
        print(f"refused {'/'.join(map(str, one.place))}: {why!r}")
    for one in cut:
        print(f"not whole, so not redriven: {'/'.join(map(str, one.place))}")
    absent = len(set(wanted)) - len({one.place for one in letters}) if wanted else 0
    left = f", {len(letters) - len(due) - len(cut)} were redriven before" if len(letters) > len(due) + len(cut) else ""
    print(f"{len(due) - len(refused)} redriven{left}" + (f", {absent} not found" if absent > 0 else ""))
    return 1 if refused or absent > 0 else 0


async def _publish(
    settings: Settings, letters: Sequence[Letter], mark: Callable[[Sequence[Letter]], None]
) -> list[tuple[Letter, Exception]]:
    """In portions, each marked once it is acknowledged: an end in between sends at most one portion twice."""
    publisher = KafkaPublisher(settings.kafka.brokers)
    refused: list[tuple[Letter, Exception]] = []
    try:
        for start in range(0, len(letters), 200):
            part = letters[start : start + 200]
            answers = await publisher.publish([Message(one.letter.topic, _bytes(one.letter.key), _bytes(one.letter.value)) for one in part])
            mark([one for one, error in zip(part, answers, strict=True) if error is None])
            refused += [(one, error) for one, error in zip(part, answers, strict=True) if error is not None]
    finally:
        await publisher.stop()
    return refused


def _bytes(text: str | None) -> Any:
    return None if text is None else base64.b64decode(text)


def _store(settings: Settings) -> Any:
    from stores.sql.store import open_store

    return open_store(settings.database.url, Book(settings.secret_key.get_secret_value()))
