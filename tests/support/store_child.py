"""A process of its own that works on a store, for tests that kill it or let several compete. `python store_child.py WORK URL`."""

import sys
from datetime import UTC, datetime

from domain.ports import Token
from ledger.book import Book
from stores.sql.schema import notices
from stores.sql.store import Store, open_store
from tests.support.told import NOW, SECRET, notice, receipt, rendered


def tell_forever(store: Store) -> None:
    """A notice, its receipts, its answer; says each thing once it is committed."""
    number = 0
    while True:
        number += 1
        n = notice(number, user=f"u{number % 5}", partition=number % 2)
        mail = rendered(n)
        with store.transaction(NOW) as tx:
            tx.add_notice(n, [mail, rendered(n, "sms")], tokens=[Token(f"token{number}", "current")])
        print("told", n.notice_id, flush=True)
        store.outbox.record([(receipt(mail), None)])
        print("sent", n.notice_id, flush=True)
        store.answers.decide(f"token{number}", "not_me", NOW, None)
        print("answered", n.notice_id, flush=True)


def stop_half_way(store: Store) -> None:
    """Has written much of a transaction, and waits to be killed."""
    n = notice()
    transaction = store.transaction(NOW)
    with transaction as tx:
        tx.add_notice(n, [rendered(n)], tokens=[Token("token", "current")])
        with store.database.writing() as connection:
            tx._write(connection, tx._still_new(connection))
            assert connection.execute(notices.select()).first() is not None
            print("half", flush=True)
            sys.stdin.read()


def claim_all(store: Store) -> None:
    """Claims in small bites until nothing is left; prints what it got."""
    print("ready", flush=True)
    sys.stdin.readline()
    while got := store.outbox.claim(f"sender {id(store)}", datetime.now(UTC), 5, 300):
        print(*(d.rendered.delivery_id for d in got), sep="\n", flush=True)


def open_only(store: Store) -> None:
    """Opening brings the tables up to date."""
    print("open", store.ledger.ends().heads[0].number, flush=True)


if __name__ == "__main__":
    work = {"tell": tell_forever, "half": stop_half_way, "claim": claim_all, "open": open_only}[sys.argv[1]]
    work(open_store(sys.argv[2], Book(SECRET)))
