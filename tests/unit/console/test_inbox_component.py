"""The inbox component as a file, and the proxy of the app in small."""

from __future__ import annotations

import json
import re

import pytest

from console.html import STATIC
from notices.compose.catalogue import available
from notices.compose.labels import all_labels
from scripts.inbox_words import written
from tests.unit.console.conftest import csrf

pytestmark = pytest.mark.slow

SOURCE = (STATIC / "vigil-inbox.js").read_text(encoding="utf-8")


def test_its_words_are_those_of_the_catalogues():
    """`make locales` writes them; a file that was forgotten is found here."""
    assert written(SOURCE) == SOURCE


def test_each_language_has_every_label():
    """None empty, none of them a key."""
    words = all_labels()

    assert set(words) == set(available())
    assert all(set(labels) == set(words["en"]) and all(labels.values()) for labels in words.values())
    assert {name for name, labels in words.items() if labels["dir"] == "rtl"} == {"ar"}


def test_each_label_that_it_says_is_there():
    """By name, where the source names it."""
    said = set(re.findall(r'[sS]ay\("(\w+)"', SOURCE)) | set(re.findall(r"#say\(item\.(\w+)\)", SOURCE)) - {"severity", "answer"}

    assert said
    assert said <= set(all_labels()["en"])


def test_it_needs_nothing_else_and_writes_no_markup():
    """One file; no import, no eval, no inline style, no innerHTML."""
    code = SOURCE.partition("/* Words end here. */")[2]

    assert not re.search(r"\bimport\b|\beval\b|innerHTML|outerHTML|insertAdjacent|\.style\b|document\.write|https?:", code)


def test_the_app_in_small_goes_through_the_same_code(fresh, browse):
    """List, filter, read, vote, answer with the session's token; from where the user answers is what this side saw."""
    client = browse(fresh, "owner")
    headers = {"X-CSRF": csrf(fresh, client)}
    page = client.get("/demo/u1042/inbox?severity=critical&counts=true").json()
    none = client.get("/demo/u1042/inbox?severity=info").json()
    forged = client.post("/demo/u1042/inbox/n1042/read")
    did = [
        client.post(f"/demo/u1042/inbox/{path}", json=body, headers=headers).status_code
        for path, body in [("n1042/read", {}), ("read", {}), ("n1042/helpful", {"helpful": True}), ("n1042/archive", {}), ("n1042/odd", {})]
    ]
    said = client.post(
        "/demo/u1042/inbox/n1042/answer", json={"answer": "not_me", "client": {"ip": "198.51.100.1"}}, headers=headers
    ).json()
    [verdict] = [json.loads(m.value) for m in fresh.store.bus.take(fresh.now().replace(year=2027), 50) if m.topic == "verdicts"]

    assert [item["notice_id"] for item in page["items"]] == ["n1042"]
    assert page["unread_by"] == {"critical": 1}
    assert none["items"] == []
    assert forged.status_code == 403
    assert did == [200, 200, 200, 200, 404]
    assert said["case"]
    assert verdict["client"].get("ip") != "198.51.100.1"


@pytest.mark.parametrize("query", ["severity=grave", "archived=maybe", "unread=1", "counts=no", "limit=0"])
def test_a_wrong_filter_is_refused_in_words(shared, browse, bearer, query):
    """400 with what was expected."""
    answer = browse(shared).get(f"/api/inbox/u1042?{query}", headers=bearer)

    assert answer.status_code == 400
    assert answer.json()["error"]
