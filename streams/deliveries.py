"""`deliveries list` and `redrive`: what reached nobody, and sending it once more after its cause was mended."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from rich.console import Console
from rich.table import Table

from config.settings import Settings
from domain.ports import Unavailable
from ledger.book import Book
from stores.sql.migrate import StoreError
from stores.sql.store import Store, open_store
from stores.sql.undelivered import Wanted

BY_HAND = "the command line"


def wanted(
    ids: Sequence[str], statuses: Sequence[str], channel: str | None, reason: str | None, days: float | None, now: datetime
) -> Wanted:
    """What the options say."""
    since = now - timedelta(days=days) if days else None
    return Wanted(ids=tuple(ids), statuses=tuple(statuses) or ("failed",), channel=channel, reason=reason, since=since)


def list_deliveries(settings: Settings, meant: Wanted, *, limit: int = 100, as_json: bool = False) -> int:
    """Prints them, the newest first. Exit status."""
    try:
        store = _store(settings)
        try:
            found = store.undelivered.find(meant, limit)
        finally:
            store.close()
    except (Unavailable, StoreError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
        return 0
    if not found:
        print("none")
        return 0
    table = Table(box=None, pad_edge=False)
    for title in ("when", "delivery", "kind", "channel", "status", "provider", "tries", "reason"):
        table.add_column(title, overflow="fold")
    for row in found:
        table.add_row(f"{row['updated_at']:%Y-%m-%d %H:%M:%S}", row["delivery_id"], row["kind"], row["channel"], row["status"],
                      row["provider"] or "", str(row["attempt"]), (row["reason"] or "")[:200])  # fmt: skip
    Console(width=None if sys.stdout.isatty() else 400).print(table)  # piped, each stays on one line
    return 0


def redrive_deliveries(settings: Settings, meant: Wanted, *, everything: bool = False, now: datetime | None = None) -> int:
    """Queues them again; running senders take them within a second. Exit status; 2 where nothing was named."""
    if not (everything or meant.ids or meant.channel or meant.reason):
        print("error: name deliveries or notices by their ids, or --channel, or --reason, or --all", file=sys.stderr)
        return 2
    try:
        store = _store(settings)
        try:
            done = store.undelivered.redrive(meant, BY_HAND, now or datetime.now(UTC))
        finally:
            store.close()
    except (Unavailable, StoreError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for why, count in sorted(done.left.items()):
        print(f"{count} left as they are: {why}")
    if meant.ids and not done.queued and not done.left:
        print(f"no delivery and no notice of these ids ended as {' or '.join(meant.statuses)}")
    print(f"{len(done.queued)} queued again")
    return 0 if done.queued or not meant.ids else 1


def _store(settings: Settings) -> Store:
    return open_store(settings.database.url, Book(settings.secret_key.get_secret_value()))
