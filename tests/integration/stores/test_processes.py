"""Several processes on one database: killed in the middle, claiming at once, starting at once."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from ledger.book import Book
from ledger.record import records
from ledger.verify import verify
from stores.sql.schema import answers, bus_outbox, deliveries, notices, receipts
from stores.sql.store import Store, open_store
from tests.support.background import PATIENCE
from tests.support.told import NOW, SECRET, notice, rendered

ROOT = Path(__file__).parents[3]


@contextmanager
def child(work: str, url: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.support.store_child", work, url]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def counts(store: Store) -> dict[str, int]:
    with store.database.reading() as connection:
        return {t.name: len(connection.execute(select(t)).all()) for t in (notices, deliveries, receipts, answers, bus_outbox)}


def test_kill_9_under_load_loses_nothing_that_was_said(store: Store, book: Book, any_database: str) -> None:
    """Twice in the midst of writing: what was said to be committed is there, whole; the chain goes on without a break."""
    said: list[list[str]] = []
    for _ in range(2):
        with child("tell", any_database) as process:
            assert process.stdout is not None
            for _ in range(25):
                said.append(process.stdout.readline().split())
            process.kill()
            said += [line.split() for line in process.stdout.read().splitlines()]
        assert str(verify(book, store.ledger)).startswith("unaltered")
    told = {name for what, name in said if what == "told"}
    by_id = {r.notice_id: r for r in records(book, store.ledger, sorted(told))}

    assert by_id.keys() == told
    assert all(len(r.deliveries) == 2 and r.why for r in by_id.values())
    assert all(by_id[name].deliveries[0].status == "sent" for what, name in said if what == "sent")
    assert all(by_id[name].answer for what, name in said if what == "answered")
    there = counts(store)
    assert there["deliveries"] == 2 * there["notices"] == 2 * there["answers"]


def test_a_transaction_killed_half_way_leaves_nothing(store: Store, book: Book, any_database: str) -> None:
    """No row in any table, and the next one begins the chain at one."""
    with child("half", any_database) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
    with store.transaction(NOW) as tx:
        tx.add_notice(notice(2), [rendered(notice(2))])

    assert counts(store) == {"notices": 1, "deliveries": 1, "receipts": 0, "answers": 0, "bus_outbox": 0}
    assert verify(book, store.ledger).entries == 1


def test_two_processes_claim_without_overlap(store: Store, any_database: str) -> None:
    """Each row goes to one of them."""
    for number in range(30):
        n = notice(number, user=f"u{number}")
        with store.transaction(NOW) as tx:
            tx.add_notice(n, [rendered(n), rendered(n, "sms")])
    with child("claim", any_database) as one, child("claim", any_database) as two:
        for process in (one, two):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in (one, two):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        taken = [line for process in (one, two) for line in process.communicate(timeout=PATIENCE)[0].split()]

    assert len(taken) == len(set(taken))
    left = store.outbox.claim("me", NOW, 100, 30)
    assert len(taken) + len(left) == 60


def test_processes_that_start_at_once_make_the_tables_once(any_database: str) -> None:
    """On an empty database; each then works."""
    with child("open", any_database) as one, child("open", any_database) as two, child("open", any_database) as three:
        said = [process.communicate(timeout=PATIENCE)[0] for process in (one, two, three)]
    store = open_store(any_database, Book(SECRET))
    found = verify(Book(SECRET), store.ledger)
    store.close()

    assert said == ["open 0\n"] * 3
    assert found.ok
