"""Verification over a ledger in memory: the first wrong entry is named, whatever the chunks."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger import micros
from ledger.book import Book, chain_hash
from ledger.verify import Problem, Verification, verify
from tests.support.paper import Paper
from tests.support.told import NOW, SECRET, notice, receipt, rendered

pytestmark = pytest.mark.slow

AT = micros(NOW)


def filled(entries: int = 9, partitions: int = 2) -> Paper:
    paper = Paper(Book(SECRET))
    for number in range(entries):
        n = notice(number, user=f"u{number}", partition=number % partitions)
        paper.append(paper.book.notice(n, [rendered(n)], {}, [], [], AT))
        paper.append(paper.book.receipt(number % partitions, receipt(rendered(n))))
    return paper


@given(chunk=st.integers(1, 30), entries=st.integers(0, 12), partitions=st.integers(1, 4))
def test_what_was_written_verifies(chunk: int, entries: int, partitions: int) -> None:
    """In chunks of any size, any number of chains; an empty ledger too."""
    paper = filled(entries, partitions)
    seen: list[tuple[int, int]] = []

    found = verify(paper.book, paper, progress=lambda done, of: seen.append((done, of)), chunk=chunk)

    assert (found.ok, found.entries) == (True, 2 * entries)
    assert seen == sorted(seen)
    assert not seen or seen[-1] == (2 * entries, 2 * entries)


@given(index=st.integers(0, 17), position=st.integers(min_value=0), chunk=st.integers(1, 20))
def test_a_changed_byte_of_a_body_is_named(index: int, position: int, chunk: int) -> None:
    """Its partition and number, and that it was altered, or by its body is another."""
    paper = filled()
    row = paper.rows[index]
    body = bytearray(row.body)
    body[position % len(body)] ^= 1
    paper.rows[index] = msgspec.structs.replace(row, body=bytes(body))

    first = verify(paper.book, paper, chunk=chunk).first

    assert first is not None
    assert (first.partition, first.number) == (row.partition, row.number)
    assert first.what.startswith(("altered", "reordered"))


def test_what_comes_while_it_runs_is_left_to_the_next_time() -> None:
    """The worker goes on writing beside it."""
    paper = filled()

    def meanwhile(done: int, of: int) -> None:
        n = notice(100 + done)
        paper.append(paper.book.notice(n, [rendered(n)], {}, [], [], AT))

    found = verify(paper.book, paper, progress=meanwhile, chunk=2)

    assert (found.ok, found.entries) == (True, 18)


def test_an_erasure_is_no_alteration_but_a_missing_key_is() -> None:
    """And an erased key that is there again is one as well."""
    paper = filled()
    key = paper.keys.pop("u3")
    missing = verify(paper.book, paper).first
    paper.append(paper.book.erasure(key, "asked", AT))
    erased = verify(paper.book, paper)
    paper.keys["u3"] = key
    back = verify(paper.book, paper).first

    assert missing == Problem(1, 3, "the key of user u3 is missing, and no entry says that it was erased")
    assert erased.ok
    assert back == Problem(1, 3, "the key of user u3 was erased, and is there again")


def test_one_partition_alone_can_be_verified() -> None:
    """The others' damage isn't its own."""
    paper = filled()
    paper.rows = [r for r in paper.rows if (r.partition, r.number) != (1, 2)]

    assert verify(paper.book, paper, partitions=[0]).ok
    assert verify(paper.book, paper, partitions=[1]).first == Problem(1, 2, "missing: the next one there is 3")


def test_a_wrong_secret_is_said_as_such() -> None:
    """Before anything else."""
    paper = filled()

    assert "this is not the secret_key" in str(verify(Book("x" * 40), paper))


def test_every_later_hash_made_anew_still_names_the_entry() -> None:
    """The seals need the key."""
    paper = filled(partitions=1)
    before = paper.rows[3].hash
    for index in range(4, len(paper.rows)):
        row = paper.rows[index]
        body = row.body.replace(b'"sent"', b'"lost"') if index == 5 else row.body
        before = chain_hash(before, body)
        paper.rows[index] = msgspec.structs.replace(row, body=body, hash=before)
    paper.heads[0] = msgspec.structs.replace(paper.heads[0], hash=before)

    assert verify(paper.book, paper).first == Problem(0, 6, "forged: its seal was not made with the secret key")


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (Problem(3, 10_377, "altered"), "partition 3, entry 10377: altered"),
        (Problem(3, None, "head"), "partition 3: head"),
        (Problem(None, None, "root"), "root"),
    ],
)
def test_a_problem_in_words(problem: Problem, said: str) -> None:
    """As the command prints it."""
    assert str(problem) == said


def test_the_first_entry_is_named_before_what_concerns_the_whole() -> None:
    """The entry is what an auditor looks for."""
    found = Verification(5, 2, 1, [Problem(None, None, "root"), Problem(1, 4, "b"), Problem(0, 9, "a")])

    assert str(found) == "ALTERED. partition 0, entry 9: a\n  also: root\n  also: partition 1, entry 4: b"
