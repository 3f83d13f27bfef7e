"""Mails that came back, from a mailbox or a pipe into the outbox."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from config.settings import Settings, sending
from ledger.book import Book
from ledger.keys import Keyring
from notices.deliver.outgoing import sealing
from notices.receipts import dsn
from notices.receipts.mailbox import mails
from stores.sql.store import open_store


def take_bounces(settings: Settings, path: str) -> Counter[str]:
    """`taken`, `known`, `unknown` (a delivery that we don't have) and `foreign` (no report about a mail of ours) -> mails.

    `path`: a file with a mail, an mbox, a Maildir; `-` for one mail from standard input. Raises OSError, StoreError, Unavailable.
    """
    book = Book(Keyring(settings.secret_key.get_secret_value()))
    store = open_store(settings.database.url, book)
    try:
        counted: Counter[str] = Counter()
        for mail in _from(path):
            said = dsn.read(mail, sealing(book.mark))
            counted["foreign" if said is None else store.callbacks.take(said, datetime.now(UTC), sending(settings))] += 1
        return counted
    finally:
        store.close()


def take_and_tell(settings: Settings, path: str) -> None:
    """`bounces`: takes them and prints how many there were of each sort."""
    counted = take_bounces(settings, path)
    words = {"taken": "came back", "known": "known before", "unknown": "of no delivery here", "foreign": "no report about a mail of ours"}
    print(", ".join(f"{counted[name]} {said}" for name, said in words.items()))


def _from(path: str) -> Iterable[bytes]:
    if path != "-":
        return mails(Path(path))
    mail = sys.stdin.buffer.read(dsn.LARGEST + 1)
    return [mail.partition(b"\n")[2] if mail.startswith(b"From ") else mail]  # a pipe may put mbox's line first
