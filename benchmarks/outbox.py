"""How fast deliveries go through SQL: told (outbox and ledger), claimed, recorded (receipt, ledger, bus), verified. No sending.

`python -m benchmarks.outbox [URL] [--deliveries N] [--batch N]`
"""

from __future__ import annotations

import argparse
import secrets
import tempfile
import time
from datetime import UTC, datetime

from domain.ids import delivery_id, notice_id
from domain.messages import Notice, Receipt, Source
from domain.ports import Rendered, Token
from ledger.book import Book
from ledger.verify import verify
from stores.sql.store import Store, open_store

PAYLOAD_BYTES = 18_000
"""A mail of text and HTML."""


def measure(url: str | None = None, deliveries: int = 4_000, batch: int = 100) -> dict[str, float]:
    """Deliveries a second of each step, `us` a delivery of all of them, and what a delivery takes on disk (SQLite)."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(url or f"sqlite:///{folder}/bench.db", book := Book(secrets.token_hex(32)))
        told = _timed(lambda: fill(store, deliveries, batch))
        claimed = _timed(lambda: _claim_and_record(store, batch))
        verified = _timed(lambda: verify(book, store.ledger))
        size = store.database.path.stat().st_size if store.database.path else 0
        store.close()
    rate = {"told": deliveries / told, "claimed and recorded": deliveries / claimed, "verified": 3 * deliveries / verified}
    return rate | {"us a delivery": (told + claimed) / deliveries * 1e6, "bytes a delivery": size / deliveries}


def _timed(work: object) -> float:
    begin = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - begin


def fill(store: Store, deliveries: int, batch: int) -> None:
    """So many mails into the outbox, `batch` a transaction."""
    now = datetime.now(UTC)
    words = (b"<td style='padding:8px 0'>Chrome on Windows, Taipei</td>" + secrets.token_bytes(8).hex().encode()) * (PAYLOAD_BYTES // 73)
    for start in range(0, deliveries, batch):
        with store.transaction() as transaction:
            for number in range(start, min(start + batch, deliveries)):
                notice = _notice(number, now)
                transaction.add_notice(notice, [_mail(notice, words)], tokens=[Token(secrets.token_urlsafe(16), "current")])


def _claim_and_record(store: Store, batch: int) -> None:
    now = datetime.now(UTC)
    while claimed := store.outbox.claim("bench", now, batch, 60):
        store.outbox.record([(_receipt(d.rendered, now), None) for d in claimed])


def _notice(number: int, now: datetime) -> Notice:
    event, user = f"e{number}", f"u{number % 5_000}"
    return Notice(
        notice_id=notice_id(event, user, "login_new_device"), user_id=user, kind="login_new_device", severity="notice", created_at=now,
        expires_at=None, finding_ids=[event], channels=["email"], occurred_at=now, group=event, facts={"device": "Chrome on Windows"},
        source=Source("logins", number % 4, number),
    )  # fmt: skip


def _mail(notice: Notice, words: bytes) -> Rendered:
    return Rendered(
        delivery_id=delivery_id(notice.notice_id, "email", "current"), notice_id=notice.notice_id, user_id=notice.user_id, kind=notice.kind,
        severity=notice.severity, channel="email", recipient=f"{notice.user_id}@mail.example", slot="current", locale="en",
        locale_reason="user", template="login_new_device@1", subject="New device", payload=words,
    )  # fmt: skip


def _receipt(mail: Rendered, now: datetime) -> Receipt:
    return Receipt(
        notice_id=mail.notice_id, user_id=mail.user_id, channel=mail.channel, status="sent", provider="mailto", provider_id="x", attempt=1,
        at=now, delivery_id=mail.delivery_id,
    )  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?", help="SQLAlchemy URL of an empty database; default: a SQLite file that is deleted again")
    parser.add_argument("--deliveries", type=int, default=4_000)
    parser.add_argument("--batch", type=int, default=100)
    options = parser.parse_args()
    for name, value in measure(options.url, options.deliveries, options.batch).items():
        unit = "" if " a " in name else "/s"
        print(f"{name:>24} {value:>10,.0f}{unit}")
