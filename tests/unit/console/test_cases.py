"""What "it was not me" opens, and what its page says was done."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec
import pytest

from domain.events.verdict import Verdict
from tests.support.console import NOW, TOKENS
from tests.unit.console.conftest import csrf

pytestmark = pytest.mark.slow

LINK = f"/n/{TOKENS['u1042']}"
NUMBER = re.compile(r"C-[0-9A-Z]{4}-[0-9A-Z]{4}")


def accesses(made):
    """Bodies of the ledger's entries on who did what."""
    entries = made.store.ledger.entries(0, 0, 500)
    return [msgspec.json.decode(entry.body) for entry in entries if entry.kind == "access"]


def refused(fresh, browse):
    """The page that the owner sees after `not_me`, and the case."""
    page = browse(fresh).post(LINK, data={"answer": "not_me"}).text
    [case] = fresh.store.cases.latest()
    return page, case


def test_not_me_says_at_once_what_was_done(fresh, browse):
    """The hold that stands, lock and sign-out, the number of the case, the next steps."""
    page, case = refused(fresh, browse)

    assert "We are holding this withdrawal until" in page
    assert "We are locking your account." in page
    assert "Every device is being signed out." in page
    assert case["number"] in page
    assert '<ol class="steps">' in page


def test_a_hold_that_is_over_is_not_claimed(fresh, browse):
    """A day later the withdrawal isn't held any more; lock and sign-out are asked for all the same."""
    fresh.now.at = NOW + timedelta(hours=25)
    asked = browse(fresh).get(LINK).text
    page, _ = refused(fresh, browse)

    assert "holding this withdrawal" not in asked + page
    assert "We are locking your account." in page


def test_a_hold_that_was_released_is_not_claimed(fresh, browse):
    """An analyst cleared the withdrawal: it went on."""
    verdict = Verdict(event_id="v1", user_id="u1042", occurred_at=NOW, about="f3", label="genuine", source="analyst", by="ana")
    fresh.decisions.decide(verdict, NOW)

    assert "holding this withdrawal" not in browse(fresh).get(LINK).text


def test_who_comes_again_sees_the_case_again(fresh, browse):
    """A page that was closed too soon: the link is used, but the number and what was done are there."""
    _, case = refused(fresh, browse)
    again = browse(fresh).get(LINK)

    assert again.status_code == 409
    assert case["number"] in again.text
    assert "We are locking your account." in again.text


def test_me_opens_no_case(fresh, browse):
    """Nor do a scanner's visits."""
    client = browse(fresh)
    client.get(LINK)
    client.head(LINK)
    client.post(LINK, data={"answer": "me"})

    assert fresh.store.cases.latest() == []


def test_the_exchange_is_told_the_number(fresh, browse, bearer):
    """With the verdict, in the answer to the app, on the item, and on request, however a user spells it."""
    client = browse(fresh)
    said = client.post("/api/inbox/u1042/n1042/answer", json={"answer": "not_me"}, headers=bearer).json()
    [item] = client.get("/api/inbox/u1042", headers=bearer).json()["items"]
    [verdict] = [msgspec.json.decode(m.value) for m in fresh.store.bus.take(NOW + timedelta(minutes=1), 50) if m.topic == "verdicts"]
    spelled = client.get(f"/api/cases/{said['case'].lower().removeprefix('c-')}", headers=bearer).json()
    listed = client.get("/api/cases", params={"user_id": "u1042", "state": "open"}, headers=bearer).json()["cases"]

    assert NUMBER.fullmatch(said["case"])
    assert {said["case"], item["case"], verdict["case"], spelled["case"], listed[0]["case"]} == {said["case"]}
    assert (spelled["state"], spelled["via"], spelled["user_id"]) == ("open", "inbox", "u1042")
    assert item["actions"] == []
    assert item["answer"] == "not_me"


def test_the_api_of_cases_is_the_backends(fresh, browse, bearer):
    """An unknown case is 404, a wrong state 400, no token 401."""
    client = browse(fresh)

    assert client.get("/api/cases/C-0000-0000", headers=bearer).status_code == 404
    assert client.get("/api/cases?state=lost", headers=bearer).status_code == 400
    assert client.get("/api/cases").status_code == client.get("/api/cases/C-0000-0000").status_code == 401


def test_a_case_is_worked_and_closed(fresh, browse):
    """By who may decide, with a sentence that stands in the ledger; the first word stands."""
    _, case = refused(fresh, browse)
    ana = browse(fresh, "ana")
    path, token = f"/cases/{case['number']}", csrf(fresh, ana)
    listed, shown = ana.get("/cases").text, ana.get(path).text
    short = ana.post(f"{path}/close", data={"csrf": token, "outcome": "ok"})
    ana.post(f"{path}/close", data={"csrf": token, "outcome": "Reached by phone, password reset."})
    ana.post(f"{path}/close", data={"csrf": token, "outcome": "Something else entirely."})
    closed = fresh.store.cases.get(case["number"])

    assert case["number"] in listed
    assert case["number"] in ana.get("/notices/n1042").text
    assert case["number"] in shown
    assert short.status_code == 400
    assert (closed["closed_by"], closed["outcome"]) == ("ana", "Reached by phone, password reset.")
    assert case["number"] not in ana.get("/cases").text
    assert case["number"] in ana.get("/cases?state=closed").text
    assert [(b["who"], b["what"]["case"]) for b in accesses(fresh)] == [("ana", case["number"])]


def test_who_may_not_decide_may_not_close(fresh, browse):
    """Compliance reads."""
    _, case = refused(fresh, browse)
    carl = browse(fresh, "carl")

    assert carl.get(f"/cases/{case['number']}").status_code == 200
    assert "Close the case" not in carl.get(f"/cases/{case['number']}").text
    assert carl.post(f"/cases/{case['number']}/close", data={"csrf": csrf(fresh, carl), "outcome": "long enough"}).status_code == 403


@pytest.mark.parametrize("wanted", ["number", "account"])
def test_a_case_is_found_by_number_or_account(fresh, browse, wanted):
    """As a user on the phone says it."""
    _, case = refused(fresh, browse)
    text = case["number"].lower().replace("-", " ") if wanted == "number" else "u1042"

    assert case["number"] in browse(fresh, "ana").get("/cases", params={"q": text}).text
