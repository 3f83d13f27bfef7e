"""Editions of the words of notices, kept for good, and what was decided of them. Parts that editions share are kept once."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import cast

import msgspec
from sqlalchemy import Connection, func, insert, select

from domain.ledger import Book, micros, moment
from domain.wording import Act, Edition, Live, WordingDecision, check, live_of
from stores.sql import rows
from stores.sql.chain import Chain, chunks
from stores.sql.engine import Database
from stores.sql.wording_schema import wording_decisions, wording_editions, wording_parts, wording_trees

RELEASE = "release"
"""Who decides what comes approved with a release."""
_FILE = "file:"


class SqlWordings:
    """Implements domain.wording.WordingStore. Synchronous, thread-safe."""

    def __init__(self, database: Database, book: Book):
        self._database, self._book = database, book

    def latest(self) -> int:
        """The number of the last decision; 0 where there is none."""
        with self._database.reading() as connection:
            return int(connection.execute(select(func.max(wording_decisions.c.number))).scalar() or 0)

    def live(self) -> Live:
        """What may be sent now."""
        with self._database.reading() as connection:
            return live_of(_decisions(connection))

    def load(self, edition: str) -> Edition | None:
        """None for one that was never seen."""
        with self._database.reading() as connection:
            row = connection.execute(select(wording_editions).where(wording_editions.c.edition == edition)).mappings().first()
            if row is None:
                return None
            named: dict[str, str] = msgspec.json.decode(row["parts"])
            wanted = select(wording_parts).where(wording_parts.c.part.in_(list(named.values())))
            data = {part["part"]: zlib.decompress(part["data"]) for part in connection.execute(wanted).mappings()}
        return Edition(
            kind=row["kind"],
            locale=row["locale"],
            files={name.removeprefix(_FILE): data[part].decode() for name, part in named.items() if name.startswith(_FILE)},
            texts=msgspec.json.decode(data[named["texts"]]),
            shared=msgspec.json.decode(data[named["shared"]]),
        )

    def knows_tree(self, tree: str) -> bool:
        """Whether the words of a release were taken in before."""
        with self._database.reading() as connection:
            return connection.execute(select(wording_trees.c.at).where(wording_trees.c.tree == tree)).first() is not None

    def take_in(self, tree: str, editions: Iterable[Edition], released: Callable[[Edition], bool], now: datetime) -> int:
        """Keeps the editions of a release; those that come approved with it are live from now on. How many of them are new.

        Done again, or by several processes at once, it changes nothing.
        """
        at, new = micros(now), 0
        made = [(one, one.name) for one in editions]
        with self._database.writing() as connection:
            fresh = connection.execute(rows.insert_new(connection, wording_trees), {"tree": tree, "at": at})
            if fresh.rowcount == 0:
                return 0
            before = _decisions(connection)
            live, known = live_of(before), set(connection.execute(select(wording_editions.c.edition)).scalars())
            parts: dict[str, bytes] = {}
            for one, name in made:
                if name in known:
                    continue
                new += 1
                named = {}
                for what, content in _parts(one).items():
                    part = sha256(content).hexdigest()
                    parts[part] = content
                    named[what] = part
                values = {"edition": name, "kind": one.kind, "locale": one.locale, "seen_at": at}
                connection.execute(rows.insert_new(connection, wording_editions), values | {"parts": msgspec.json.encode(named).decode()})
            if parts:
                packed = [{"part": part, "data": zlib.compress(content, 6)} for part, content in parts.items()]
                connection.execute(rows.insert_new(connection, wording_parts), packed)
            decided = [
                {"kind": one.kind, "locale": one.locale, "edition": name, "act": "released", "by": RELEASE, "at": at, "note": ""}
                for one, name in made
                if name not in live.approved and released(one)
            ]
            if decided:
                connection.execute(insert(wording_decisions), decided)
        return new

    def decide(self, act: Act, editions: Collection[str], by: str, note: str, now: datetime) -> list[WordingDecision]:
        """One decision on each of the editions and its entry in the ledger, all or none; what was decided. Raises NotAllowed for what
        can't be decided so, KeyError for an unknown one."""
        at = micros(now)
        with self._database.writing() as connection:
            _lock(connection)
            places: dict[str, tuple[str, str]] = {}
            for some in chunks(sorted(editions)):
                found = connection.execute(select(wording_editions).where(wording_editions.c.edition.in_(some))).mappings()
                places |= {row["edition"]: (row["kind"], row["locale"]) for row in found}
            before = _decisions(connection)
            about: dict[tuple[str, str], list[WordingDecision]] = defaultdict(list)
            for one in before:
                about[one.kind, one.locale].append(one)
            values = []
            for edition in editions:
                kind, locale = places[edition]
                check(act, edition, by, about[kind, locale])
                values.append({"kind": kind, "locale": locale, "edition": edition, "act": act, "by": by, "at": at, "note": note[:500]})
            if values:
                connection.execute(insert(wording_decisions), values)
            last = before[-1].number if before else 0
            decided = list(_decisions(connection, last))
            drafts = [self._book.access(0, by, note or act, _what(one), at) for one in decided]
            Chain(connection, self._book).append(drafts)
            return decided

    def decisions(self, kind: str | None = None, locale: str | None = None) -> list[WordingDecision]:
        """In their order; of one kind, one language."""
        with self._database.reading() as connection:
            found = _decisions(connection)
        return [one for one in found if kind in (None, one.kind) and locale in (None, one.locale)]

    def editions(self, kind: str | None = None, locale: str | None = None) -> list[tuple[str, str, str, datetime]]:
        """(edition, kind, locale, when it was first seen), oldest first."""
        e = wording_editions.c
        wanted = select(e.edition, e.kind, e.locale, e.seen_at).order_by(e.seen_at, e.edition)
        wanted = wanted.where(e.kind == kind) if kind is not None else wanted
        wanted = wanted.where(e.locale == locale) if locale is not None else wanted
        with self._database.reading() as connection:
            return [(row[0], row[1], row[2], moment(row[3])) for row in connection.execute(wanted)]


def _parts(edition: Edition) -> dict[str, bytes]:
    own = {_FILE + name: source.encode() for name, source in edition.files.items()}
    return own | {
        "texts": msgspec.json.encode(edition.texts, order="sorted"),
        "shared": msgspec.json.encode(edition.shared, order="sorted"),
    }


def _what(decision: WordingDecision) -> dict[str, str]:
    return {"words": decision.kind, "locale": decision.locale, "edition": decision.edition, "decided": decision.act}


def _decisions(connection: Connection, after: int = 0) -> Sequence[WordingDecision]:
    d = wording_decisions.c
    found = connection.execute(select(wording_decisions).where(d.number > after).order_by(d.number)).mappings()
    return [
        WordingDecision(
            number=row["number"],
            kind=row["kind"],
            locale=row["locale"],
            edition=row["edition"],
            act=cast(Act, row["act"]),
            by=row["by"],
            at=moment(row["at"]),
            note=row["note"],
        )
        for row in found
    ]


def _lock(connection: Connection) -> None:
    """One decision at a time: two people who approve at once would both find it submitted. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE wording_decisions IN SHARE ROW EXCLUSIVE MODE")
