"""Records, search, export and explanation over a ledger in memory."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from domain.ledger import micros
from ledger import explain, export
from ledger.record import mask, records
from ledger.search import Query, search
from tests.support.paper import Paper
from tests.support.told import MAIL, NOW, finding, notice, receipt, rendered

AT = micros(NOW)


@pytest.fixture
def paper(paper: Paper) -> Paper:
    """e1: mail refused, a text in its place, answered; e2: sent to another user; e3: erased."""
    book = paper.book
    one, two, three = notice(1), notice(2, user="=u8", kind="withdrawal_large", severity="warning"), notice(3, user="u9")
    mail, text = rendered(one), rendered(one, "sms")
    paper.append(
        book.notice(one, [mail, rendered(one, "inapp")], {}, [], ["sms"], AT),
        book.receipt(0, receipt(mail, "queued", reason="timeout", attempt=1)),
        book.receipt(0, receipt(mail, "rejected", NOW + timedelta(seconds=1), attempt=2, reason="550 no such user")),
        book.receipt(0, receipt(mail, "queued", NOW + timedelta(seconds=2), attempt=3)),
        book.rendering(0, [text], mail.delivery_id, AT + 3_000_000),
        book.answer(
            0,
            one.notice_id,
            "u7",
            {"answer": "not_me", "via": "link", "slot": "current", "verdict_id": "v"},
            b'{"ip":"203.0.113.7"}',
            AT + 4_000_000,
        ),
        book.notice(two, [rendered(two, subject="=cmd()")], {}, [], [], AT + 60_000_000),
        book.receipt(0, receipt(rendered(two), at=NOW + timedelta(seconds=61))),
        book.notice(three, [rendered(three)], {}, [], [], AT + 120_000_000),
    )
    paper.append(book.erasure(paper.keys.pop("u9"), "asked", AT + 130_000_000))
    paper.findings = [finding(1)]
    return paper


def test_a_record_tells_the_whole_story(paper: Paper) -> None:
    """Statuses as they ended, attempts in order, what took whose place, the answer, the entries."""
    (r,) = records(paper.book, paper, [notice(1).notice_id, "unknown"])
    mail, inapp, text = r.deliveries

    assert (mail.status, mail.reason, [a.status for a in mail.attempts]) == (
        "rejected",
        "550 no such user",
        ["queued", "rejected", "queued"],
    )
    assert (inapp.status, text.status, text.fallback_of) == ("queued", "queued", mail.delivery_id)
    assert r.answer is not None
    assert (r.answer.answer, r.answer.via, r.answer.client) == ("not_me", "link", None)
    assert [e.kind for e in r.entries] == ["notice", "receipt", "receipt", "receipt", "rendering", "answer"]
    assert (r.waiting, r.erased, r.why and r.why["facts"]["city"]) == ([], False, "Taipei")


def test_contacts_are_masked_until_revealed(paper: Paper) -> None:
    """Bytes come only when asked for."""
    (hidden,) = records(paper.book, paper, [notice(1).notice_id])
    (shown,) = records(paper.book, paper, [notice(1).notice_id], reveal=True, payloads=True)

    assert [d.recipient for d in hidden.deliveries] == ["m••••@mail.example", "u7", "+886••••78"]
    assert [d.payload for d in hidden.deliveries] == [None] * 3
    assert (shown.deliveries[0].recipient, shown.deliveries[0].payload) == ("mei@mail.example", MAIL)
    assert shown.answer is not None
    assert shown.answer.client == {"ip": "203.0.113.7"}


def test_an_erased_users_record_keeps_only_what_is_not_personal(paper: Paper) -> None:
    """That he was told, when and how; no words, no contact."""
    (r,) = records(paper.book, paper, [notice(3, user="u9").notice_id], reveal=True, payloads=True)

    assert (r.erased, r.why, r.kind) == (True, None, "login_new_device")
    assert [(d.status, d.recipient, d.subject, d.payload) for d in r.deliveries] == [("queued", None, None, None)]


@pytest.mark.parametrize(
    ("contact", "masked"),
    [
        ("mei@mail.example", "m••••@mail.example"), ("a@b@c.example", "a••••@c.example"), ("@x", "••••@x"),
        ("+886912345678", "+886••••78"), ("+12345", "••••"), ("", "••••"),
    ],
)  # fmt: skip
def test_masks(contact: str, masked: str) -> None:
    """Enough to tell two apart, too little to use."""
    assert mask(contact) == masked


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["e3", "e2", "e1"]),
        ({"user_id": "u7"}, ["e1"]),
        ({"kind": "withdrawal_large"}, ["e2"]),
        ({"severity": "notice"}, ["e3", "e1"]),
        ({"status": "rejected"}, ["e1"]),
        ({"channel": "sms", "status": "rejected"}, []),
        ({"channel": "sms"}, ["e1"]),
        ({"since": NOW + timedelta(seconds=60)}, ["e3", "e2"]),
        ({"until": NOW + timedelta(seconds=60)}, ["e1"]),
        ({"text": "裝置"}, ["e1"]),
        ({"text": "=CMD"}, ["e2"]),
        ({"text": "nowhere"}, []),
    ],
)
def test_search_by(paper: Paper, query: dict[str, Any], found: list[str]) -> None:
    """Newest first; all conditions hold, channel and status of one delivery."""
    assert [r.event_id for r in search(paper.book, paper, Query(**query))] == found


def test_search_pages_through_everything(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without gap or repeat, also among entries of one moment."""
    monkeypatch.setattr("ledger.search.PAGE", 2)
    for number in range(10, 17):
        n = notice(number)
        paper.append(paper.book.notice(n, [rendered(n)], {}, [], [], AT + 200_000_000))

    assert [r.event_id for r in search(paper.book, paper, Query())] == ["e16", "e15", "e14", "e13", "e12", "e11", "e10", "e3", "e2", "e1"]


def exported(paper: Paper, form: export.Format, **options: Any) -> str:
    out = io.StringIO(newline="")
    export.write(out, paper.book, paper, form, **options)
    return out.getvalue()


def test_the_export_as_csv(paper: Paper) -> None:
    """A line a delivery, one for each erasure and look; nothing that a spreadsheet would run."""
    lines = list(csv.DictReader(io.StringIO(exported(paper, "csv"), newline="")))

    assert [(x["record"], x["event_id"], x["channel"], x["status"]) for x in lines] == [
        ("delivery", "e3", "email", "queued"),
        ("delivery", "e2", "email", "sent"),
        ("delivery", "e1", "email", "rejected"),
        ("delivery", "e1", "inapp", "queued"),
        ("delivery", "e1", "sms", "queued"),
        ("erasure", "", "", ""),
    ]
    assert (lines[1]["user_id"], lines[1]["subject"], lines[4]["recipient"]) == ("'=u8", "'=cmd()", "+886••••78")
    assert not any(value.startswith(("=", "@", "-")) for line in lines for value in line.values())


def test_the_export_as_json(paper: Paper) -> None:
    """One object; a notice is as `records` tells it."""
    whole = json.loads(exported(paper, "json"))

    assert [n["event_id"] for n in whole["notices"]] == ["e3", "e2", "e1"]
    assert [o["kind"] for o in whole["others"]] == ["erasure"]
    assert "mei@" not in json.dumps(whole)


def test_an_empty_export_is_valid(paper: Paper) -> None:
    """No match is no error."""
    nothing = Query(user_id="nobody")

    assert json.loads(exported(paper, "json", query=nothing)) == {"notices": [], "others": []}
    assert len(exported(paper, "csv", query=nothing).splitlines()) == 1


def test_revealing_leaves_its_reason_in_the_ledger(paper: Paper) -> None:
    """Before a contact is shown; without a name or a reason nothing is."""
    whole = json.loads(exported(paper, "json", who="ana", reveal="court order 12"))
    body = json.loads(paper.rows[-1].body)

    assert "mei@mail.example" in json.dumps(whole)
    assert (body["kind"], body["who"], body["reason"], body["what"]) == ("access", "ana", "court order 12", {"command": "export"})
    for who, reason in (("", "court order"), ("ana", "  ")):
        with pytest.raises(ValueError, match="takes a name and a reason"):
            exported(paper, "json", who=who, reveal=reason)
    assert len(export.revealed(paper.book, paper, [notice(1).notice_id], "ben", "asked by the user")) == 1
    assert json.loads(paper.rows[-1].body)["who"] == "ben"


def test_an_explanation_goes_from_offset_to_receipt(paper: Paper) -> None:
    """In words and as JSON; contacts masked."""
    found = explain.explain(paper.book, paper, "e1")
    assert found is not None
    text = explain.as_text(found)
    data = json.loads(explain.as_json(found))

    for part in (
        "e1 is an event",
        "logins/0/17",
        finding(1).finding_id,
        notice(1).notice_id,
        "rejected (550 no such user)",
        "answered not_me",
        "in place of",
    ):
        assert part in text
    assert (data["is_a"], data["events"][0]["offset"], data["findings"][0]["detector"]) == ("event", 17, "login_new_device")
    assert "mei@" not in text + json.dumps(data)
    assert [explain.explain(paper.book, paper, i).is_a for i in (finding(1).finding_id, notice(1).notice_id)] == ["finding", "notice"]  # type: ignore[union-attr]


def test_an_unknown_id_has_no_explanation(paper: Paper) -> None:
    """None, which is exit 1 at the edge."""
    assert explain.explain(paper.book, paper, "nothing") is None
