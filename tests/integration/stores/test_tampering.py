"""Someone with write access to the database, but without the secret key, alters the ledger: `verify` names where."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.ports import Token
from ledger.book import Book, chain_hash
from ledger.verify import Verification, verify
from stores.sql.store import StoreError, open_store
from tests.support.told import NOW, SECRET, notice, receipt, rendered

LEDGER = {
    "ledger_entries": ("partition", "number", "kind", "at", "user_id", "notice_id", "body", "seal", "hash"),
    "ledger_contents": ("content_id", "partition", "number", "key_id", "sealed"),
    "ledger_keys": ("user_id", "key_id", "partition", "created_at", "wrapped"),
    "ledger_heads": ("partition", "number", "seal", "hash"),
}
ROWS = {"ledger_entries": 24, "ledger_contents": 23, "ledger_keys": 5, "ledger_heads": 3}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of two chains with every kind of entry, and a user who was erased."""
    path = tmp_path_factory.mktemp("ledger") / "vigil.db"
    store = open_store(f"sqlite:///{path}", Book(SECRET))
    for number in range(6):
        n = notice(number, user=f"u{number}", partition=number % 2)
        mail, text = rendered(n), rendered(n, "sms")
        with store.transaction(NOW) as tx:
            tx.add_notice(n, [mail, text], tokens=[Token(f"token{number}", "current")], waiting=["inapp"])
        store.outbox.record([(receipt(mail), None)])
    (first, *_) = store.waiting(NOW)
    with store.transaction(NOW) as tx:
        tx.add_rendering(first, [rendered(first.notice, "inapp")])
    store.answers.decide("token3", "not_me", NOW, None)
    store.answers.decide("token2", "me", NOW, None)
    with store.transaction(NOW) as tx:
        tx.add_access("ana", "a court order", {"notices": []}, partition=1)
    store.erase("u0", "asked", NOW)
    for number in (8, 9):
        n = notice(number, user="u5", partition=1)
        with store.transaction(NOW) as tx:
            tx.add_notice(n)
    store.outbox.record([(receipt(rendered(notice(5, user="u5", partition=1)), "delivered"), None)])
    with store.transaction(NOW) as tx:
        tx.add_access("ben", "another", {}, partition=0)
        tx.add_access("ben", "yet another", {}, partition=0)
    store.close()
    return path


@pytest.fixture
def meddle(written: Path, tmp_path: Path) -> Callable[..., Verification]:
    """`meddle(*statements)` alters a copy and verifies it."""
    copy = tmp_path / "copy.db"
    shutil.copy(written, copy)

    def alter(*statements: str | tuple[str, tuple[object, ...]], partition: int | None = None) -> Verification:
        with sqlite3.connect(copy) as connection:
            for statement in statements:
                sql, values = (statement, ()) if isinstance(statement, str) else statement
                assert connection.execute(sql, values).rowcount != 0, f"{sql} altered nothing"
        connection.close()
        store = open_store(f"sqlite:///{copy}", Book(SECRET), check_key=False)
        try:
            return verify(Book(SECRET), store.ledger, chunk=3, partitions=None if partition is None else [partition])
        finally:
            store.close()

    return alter


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as connection:
        return connection.execute(sql).fetchall()


def test_what_nobody_touched_verifies(meddle: Callable[..., Verification], written: Path) -> None:
    """Counts included; the tables hold what the other tests suppose."""
    found = meddle()

    assert str(found) == "unaltered: 24 entries in 2 partitions, keys of 5 users"
    assert {table: rows(written, f"SELECT count(*) FROM {table}")[0][0] for table in LEDGER} == ROWS


@pytest.mark.parametrize(("table", "column"), [(t, c) for t, columns in LEDGER.items() for c in columns])
@pytest.mark.parametrize("which", ["first", "middle", "last"])
def test_a_change_in_any_column_of_any_row_is_caught(meddle: Callable[..., Verification], table: str, column: str, which: str) -> None:
    """One byte, or one digit, in each column of each ledger table."""
    offset = {"first": 0, "middle": ROWS[table] // 2, "last": ROWS[table] - 1}[which]
    byte = f"CASE substr(\"{column}\", -1) WHEN x'5a' THEN x'a5' ELSE x'5a' END"
    other = {
        "blob": f'CAST(substr("{column}", 1, length("{column}") - 1) || {byte} AS BLOB)',
        "text": f'substr("{column}", 1, length("{column}") - 1) || \'Z\'',
        "integer": f'"{column}" + 1000',
    }
    kinds = f'CASE typeof("{column}") ' + " ".join(f"WHEN '{kind}' THEN {value}" for kind, value in other.items()) + " ELSE 'something' END"
    row = f"(SELECT rowid FROM {table} ORDER BY rowid LIMIT 1 OFFSET {offset})"

    assert not meddle(f'UPDATE {table} SET "{column}" = {kinds} WHERE rowid = {row}').ok


@pytest.mark.parametrize("table", LEDGER)
def test_the_last_row_altered_at_its_first_byte_is_caught(meddle: Callable[..., Verification], table: str) -> None:
    """In the first column that holds bytes: a zero in place of the first one is always a change."""
    column = next(c for c in LEDGER[table] if c in ("body", "sealed", "wrapped", "seal"))
    found = meddle(
        f"UPDATE {table} SET {column} = CAST(x'00' || substr({column}, 2) AS BLOB) WHERE rowid = (SELECT max(rowid) FROM {table})"
    )

    assert not found.ok


@pytest.mark.parametrize(("table", "offset"), [(t, i) for t in LEDGER for i in range(ROWS[t])])
def test_any_row_missing_is_caught(meddle: Callable[..., Verification], table: str, offset: int) -> None:
    """First, last, and each between, in every table."""
    assert not meddle(f"DELETE FROM {table} WHERE rowid = (SELECT rowid FROM {table} ORDER BY rowid LIMIT 1 OFFSET {offset})").ok


@pytest.mark.parametrize("number", [1, 5])
def test_a_missing_entry_is_named(meddle: Callable[..., Verification], number: int) -> None:
    """By partition and number."""
    first = meddle(f"DELETE FROM ledger_entries WHERE partition = 1 AND number = {number}").first

    assert str(first) == f"partition 1, entry {number}: missing: the next one there is {number + 1}"


def test_missing_entries_closed_up_again_are_named(meddle: Callable[..., Verification]) -> None:
    """The rows after it are renumbered: their own bodies say otherwise."""
    first = meddle(
        "DELETE FROM ledger_entries WHERE partition = 0 AND number = 3",
        *(f"UPDATE ledger_entries SET number = {n - 1} WHERE partition = 0 AND number = {n}" for n in (4, 5, 6)),
    ).first

    assert str(first) == "partition 0, entry 3: reordered: by its body it is entry 4 of partition 0"


def test_two_swapped_entries_are_named(meddle: Callable[..., Verification]) -> None:
    """The first of them."""
    first = meddle(
        "UPDATE ledger_entries SET number = 999 WHERE partition = 0 AND number = 2",
        "UPDATE ledger_entries SET number = 2 WHERE partition = 0 AND number = 4",
        "UPDATE ledger_entries SET number = 4 WHERE partition = 0 AND number = 999",
    ).first

    assert str(first) == "partition 0, entry 2: reordered: by its body it is entry 4 of partition 0"


def test_an_entry_moved_to_another_chain_is_named(meddle: Callable[..., Verification]) -> None:
    """It counts as missing where it was."""
    first = meddle("UPDATE ledger_entries SET partition = 1, number = 99 WHERE partition = 0 AND number = 2").first

    assert str(first) == "partition 0, entry 2: missing: the next one there is 3"


def test_two_swapped_contents_are_named(meddle: Callable[..., Verification], written: Path) -> None:
    """The words of one mail under another."""
    (a, x), (b, y) = rows(written, "SELECT content_id, sealed FROM ledger_contents WHERE partition = 1 ORDER BY number LIMIT 2")
    change = "UPDATE ledger_contents SET sealed = ? WHERE content_id = ?"

    first = meddle((change, (y, a)), (change, (x, b))).first

    assert first is not None
    assert (first.partition, first.number, first.what.split(":")[0]) == (1, 1, "altered")


def test_a_changed_entry_is_named(meddle: Callable[..., Verification]) -> None:
    """Also when someone makes its hash anew, and all that follow, and the head: the seals can't be made without the key."""
    first = meddle(
        "UPDATE ledger_entries SET body = CAST(replace(CAST(body AS TEXT), 'sent', 'kept') AS BLOB) WHERE partition = 0 AND number = 2"
    ).first

    assert str(first) == "partition 0, entry 2: altered: its hash does not follow from its body and the hash before"


def test_a_chain_made_anew_is_named_at_its_first_forged_entry(meddle: Callable[..., Verification], written: Path) -> None:
    """Body, every hash after it, and the head's hash fit together; only the seals don't."""
    chain = rows(written, "SELECT number, body, hash FROM ledger_entries WHERE partition = 1 ORDER BY number")
    before, changes = bytes(32), []
    for number, body, _ in chain:
        assert isinstance(body, bytes)
        forged = body.replace(b'"ana"', b'"eve"')
        before = chain_hash(before, forged)
        changes.append(("UPDATE ledger_entries SET body = ?, hash = ? WHERE partition = 1 AND number = ?", (forged, before, number)))
    changes.append(("UPDATE ledger_heads SET hash = ? WHERE partition = 1", (before,)))
    at = next(number for number, body, _ in chain if isinstance(body, bytes) and b'"ana"' in body)

    first = meddle(*changes).first

    assert str(first) == f"partition 1, entry {at}: forged: its seal was not made with the secret key"


def test_an_inserted_entry_is_caught(meddle: Callable[..., Verification]) -> None:
    """A copy of another one at the end, with a head that counts it or without."""
    columns = "kind, at, user_id, notice_id, body, seal, hash"
    copy = f"INSERT INTO ledger_entries SELECT 1, 99, {columns} FROM ledger_entries WHERE partition = 1 AND number = 2"

    assert "added" in str(meddle(copy).first)
    assert not meddle("UPDATE ledger_heads SET number = 99 WHERE partition = 1").ok


def test_an_inserted_content_is_caught(meddle: Callable[..., Verification]) -> None:
    """Of an entry that doesn't name it."""
    copy = "INSERT INTO ledger_contents SELECT 'more', partition, number, key_id, sealed FROM ledger_contents LIMIT 1"

    assert "added: content more" in str(meddle(copy).first)


def test_a_tail_cut_off_is_named(meddle: Callable[..., Verification], written: Path) -> None:
    """The head knows how many there were."""
    last = rows(written, "SELECT max(number) FROM ledger_entries WHERE partition = 0")[0][0]
    assert isinstance(last, int)
    first = meddle(f"DELETE FROM ledger_entries WHERE partition = 0 AND number >= {last - 1}").first

    assert str(first) == f"partition 0, entry {last - 1}: missing: the chain was cut off after entry {last - 2}, the head says {last}"


def test_a_tail_cut_off_with_the_head_rewritten_is_caught(meddle: Callable[..., Verification], written: Path) -> None:
    """Number and hash of the new last entry, with that entry's own seal: a head's seal is another."""
    last = rows(written, "SELECT max(number) FROM ledger_entries WHERE partition = 0")[0][0]
    assert isinstance(last, int)
    ((seal, own_hash),) = rows(written, f"SELECT seal, hash FROM ledger_entries WHERE partition = 0 AND number = {last - 1}")

    first = meddle(
        f"DELETE FROM ledger_entries WHERE partition = 0 AND number = {last}",
        (f"UPDATE ledger_heads SET number = {last - 1}, hash = ?, seal = ? WHERE partition = 0", (own_hash, seal)),
    ).first

    assert str(first) == f"partition 0, entry {last - 1}: the head of the chain was altered"


def test_a_genuine_old_head_put_back_is_caught(tmp_path: Path) -> None:
    """Kept from before, with its own seal: notices and receipts name entries beyond it."""
    path, book = tmp_path / "vigil.db", Book(SECRET)
    store = open_store(f"sqlite:///{path}", book)
    with store.transaction(NOW) as tx:
        tx.add_notice(notice(1), [rendered(notice(1))])
    ((_, number, seal, own_hash),) = rows(path, "SELECT * FROM ledger_heads WHERE partition = 0")
    with store.transaction(NOW) as tx:
        tx.add_notice(notice(2), [rendered(notice(2))])
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM ledger_entries WHERE number = 2")
        connection.execute("DELETE FROM ledger_contents WHERE number = 2")
        connection.execute("UPDATE ledger_heads SET number = ?, seal = ?, hash = ? WHERE partition = 0", (number, seal, own_hash))
    connection.close()

    first = verify(book, store.ledger).first
    store.close()

    assert first is not None
    assert (first.partition, first.number, first.what.split(":")[0]) == (0, 2, "missing")


def test_a_whole_chain_taken_away_is_caught(meddle: Callable[..., Verification]) -> None:
    """With its head, its contents, and all that names it."""
    tables = ("ledger_entries", "ledger_contents", "ledger_heads")
    gone = [f"DELETE FROM {t} WHERE partition = 1" for t in tables] + [f"DELETE FROM {t} WHERE chain = 1" for t in ("notices", "receipts")]

    assert "the root lists 2 chains" in str(meddle(*gone).first)


def test_an_emptied_ledger_is_caught(meddle: Callable[..., Verification]) -> None:
    """Every ledger table, as if nothing had ever been."""
    assert "root" in str(meddle(*(f"DELETE FROM {t}" for t in LEDGER)).first)


def test_a_key_taken_away_without_an_erasure_is_caught(meddle: Callable[..., Verification]) -> None:
    """It would make words unreadable with no one to answer for it."""
    assert "the key of user u3 is missing" in str(meddle("DELETE FROM ledger_keys WHERE user_id = 'u3'").first)


def test_two_swapped_keys_are_caught(meddle: Callable[..., Verification], written: Path) -> None:
    """They are wrapped for their user."""
    (_, *a), (_, *b) = rows(written, "SELECT user_id, key_id, wrapped FROM ledger_keys WHERE user_id IN ('u1', 'u2') ORDER BY user_id")
    change = "UPDATE ledger_keys SET key_id = ?, wrapped = ? WHERE user_id = ?"

    assert "key" in str(meddle((change, (*b, "u1")), (change, (*a, "u2"))).first)


def test_another_secret_key_is_said_as_that(written: Path) -> None:
    """Not as a thousand alterations; the store refuses to start with it."""
    other = Book("not the secret that it was written with")
    store = open_store(f"sqlite:///{written}", other, check_key=False)
    first = verify(other, store.ledger).first
    store.close()

    assert "this is not the secret_key" in str(first) or "hash" not in str(first)
    with pytest.raises(StoreError, match="another secret_key"):
        open_store(f"sqlite:///{written}", other)
