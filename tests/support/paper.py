"""A ledger in memory, for unit tests of the ledger's rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from domain.ledger import ROOT, ContentRow, Draft, Ends, EntryRow, HeadRow, KeyRow, micros
from domain.messages import Finding
from ledger.book import Book
from tests.support.told import NOW


class Paper:
    """Implements domain.ledger.LedgerReader over lists that tests may alter; `append(drafts)` extends the chains."""

    def __init__(self, book: Book):
        self.book = book
        self.heads: dict[int, HeadRow] = {ROOT: book.root([])}
        self.rows: list[EntryRow] = []
        self.sealed: list[ContentRow] = []
        self.keys: dict[str, KeyRow] = {}
        self.findings: list[Finding] = []

    def append(self, *drafts: Draft) -> None:
        for draft in drafts:
            if draft.user_id and draft.contents and draft.user_id not in self.keys:
                self.keys[draft.user_id] = self.book.new_key(draft.user_id, draft.partition, draft.at)
            head, entries, contents = self.book.extend(self.heads.get(draft.partition), draft.partition, [draft], self.keys)
            self.heads[draft.partition] = head
            self.rows += entries
            self.sealed += contents
        self.heads[ROOT] = self.book.root([p for p in self.heads if p != ROOT])

    def ends(self) -> Ends:
        last = {r.partition: r.number for r in sorted(self.rows, key=lambda r: r.number)}
        return Ends([*self.heads.values()], last, {}, {}, [*self.keys.values()])

    def entries(self, partition: int, after: int, limit: int) -> list[EntryRow]:
        mine = [r for r in self.rows if r.partition == partition and r.number > after]
        return sorted(mine, key=lambda r: r.number)[:limit]

    def contents(self, partition: int, first: int, last: int) -> list[ContentRow]:
        return [c for c in self.sealed if c.partition == partition and first <= c.number <= last]

    def search(
        self,
        *,
        user_id: str | None,
        kinds: Sequence[str],
        since: int | None,
        until: int | None,
        before: tuple[int, int, int] | None,
        limit: int,
    ) -> list[EntryRow]:
        found = [
            r
            for r in self.rows
            if r.kind in kinds
            and user_id in (None, r.user_id)
            and (since is None or r.at >= since)
            and (until is None or r.at < until)
            and (before is None or (r.at, r.partition, r.number) < before)
        ]
        return sorted(found, key=lambda r: (r.at, r.partition, r.number), reverse=True)[:limit]

    def of_notices(self, notice_ids: Sequence[str]) -> list[EntryRow]:
        return sorted((r for r in self.rows if r.notice_id in notice_ids), key=lambda r: (r.at, r.partition, r.number))

    def contents_by_id(self, content_ids: Iterable[str]) -> dict[str, ContentRow]:
        wanted = set(content_ids)
        return {c.content_id: c for c in self.sealed if c.content_id in wanted}

    def user_keys(self, user_ids: Iterable[str]) -> dict[str, KeyRow]:
        return {u: self.keys[u] for u in user_ids if u in self.keys}

    def traces(self, identifier: str) -> tuple[list[Finding], list[str]]:
        notices = [r.notice_id for r in self.rows if r.kind == "notice" and r.notice_id]
        known = any(identifier in (f.event_id, f.finding_id) for f in self.findings) or identifier in notices
        return (self.findings, notices) if known else ([], [])

    @contextmanager
    def transaction(self) -> Iterator[Paper]:
        yield self

    def add_access(self, who: str, reason: str, what: Mapping[str, Any], partition: int = 0) -> None:
        self.append(self.book.access(partition, who, reason, what, micros(NOW)))
