"""What entries hold, and how the chain runs."""

import hashlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger import Draft, micros
from domain.messages import Asked, OldContact
from domain.ports import Unsent
from ledger.book import NO_HASH, Book
from tests.support.paper import Paper
from tests.support.told import MAIL, NOW, SECRET, notice, receipt, rendered

AT = micros(NOW)


def told(paper: Paper, **changes: object) -> Draft:
    n = notice(**changes)  # type: ignore[arg-type]
    return paper.book.notice(n, [rendered(n), rendered(n, "sms")], {}, [Unsent("inapp", "suppressed", "cooldown")], [], AT)


def test_a_hash_is_of_the_one_before_and_the_body(paper: Paper) -> None:
    """SHA-256(hash before || body), from 32 zero bytes on; anyone can check it with a few lines."""
    paper.append(told(paper), paper.book.receipt(0, receipt(rendered(notice()))), told(paper, number=2))
    before = NO_HASH
    for row in paper.rows:
        before = hashlib.sha256(before + row.body).digest()
        assert row.hash == before

    assert [r.number for r in paper.rows] == [1, 2, 3]


def test_an_entry_says_why_and_names_what_made_it(paper: Paper) -> None:
    """Findings, configuration, template, locale and why, what was left out, and where the event stood."""
    paper.append(told(paper, asked=[Asked("hold_withdrawal", "t1", None)]))
    body = json.loads(paper.rows[0].body)

    assert body["finding_ids"] == notice().finding_ids
    assert (body["config_hash"], body["detectors"]) == ("0123456789abcdef", {"login_new_device": "1"})
    assert body["source"] == {"topic": "logins", "partition": 0, "offset": 17}
    assert body["asked"] == [{"action": "hold_withdrawal", "target": "t1", "expires_at": None}]
    assert body["unsent"] == [{"channel": "inapp", "status": "suppressed", "reason": "cooldown"}]
    assert {k: body["deliveries"][0][k] for k in ("template", "locale", "locale_reason")} == {
        "template": "login_new_device@3f2a91c0",
        "locale": "zh-TW",
        "locale_reason": "user",
    }


def test_nothing_personal_is_outside_the_seal(paper: Paper) -> None:
    """Neither contacts, words, facts nor replaced contacts; they open with the user's key, byte for byte."""
    n = notice(old_contacts=[OldContact("email", "old@mail.example")])
    mail = rendered(n)
    paper.append(paper.book.notice(n, [mail], {}, [], [], AT))
    visible = paper.rows[0].body + b"".join(c.sealed for c in paper.sealed)
    contents = {c.content_id: paper.book.open_content(c, paper.keys["u7"]) for c in paper.sealed}

    assert not any(word in visible for word in (b"mail.example", b"Someone signed in", b"Taipei", "新".encode()))
    assert paper.book.open_rendered(contents[mail.delivery_id]) == ("mei@mail.example", "新裝置登入", MAIL)
    assert paper.book.open_notice(contents[n.notice_id]) == n


def test_what_the_body_says_of_contents_is_of_the_ciphertext(paper: Paper) -> None:
    """So that the chain holds when the key is gone."""
    paper.append(told(paper))
    named = {c["id"]: c["sha256"] for c in json.loads(paper.rows[0].body)["contents"]}

    assert named == {c.content_id: hashlib.sha256(c.sealed).hexdigest() for c in paper.sealed}


def test_an_altered_head_is_not_extended(paper: Paper) -> None:
    """Better no entry than one that makes an alteration look right."""
    paper.append(told(paper))
    paper.heads[0] = msgspec.structs.replace(paper.heads[0], hash=bytes(32))

    with pytest.raises(ValueError, match="head of ledger partition 0 was altered"):
        paper.append(told(paper, number=2))


@given(st.dictionaries(st.text(min_size=1, max_size=10), st.text(max_size=20), max_size=5))
def test_a_body_is_canonical(facts: dict[str, str]) -> None:
    """The same content in another order gives the same bytes."""
    book = Book(SECRET)
    drafts = [book.access(0, "ana", "why", what, AT) for what in (facts, dict(reversed(facts.items())))]
    bodies = [book.extend(None, 0, [draft], {})[1][0].body for draft in drafts]

    assert bodies[0] == bodies[1]
    assert json.loads(bodies[0])["what"] == facts


def test_roots_cover_exactly_their_chains(book: Book) -> None:
    """In any order; one more, one less, another: not."""
    root = book.root([0, 1, 5])

    assert book.is_root(root, [5, 0, 1])
    assert not any(book.is_root(root, other) for other in ([0, 1], [0, 1, 5, 6], [0, 1, 6], []))
