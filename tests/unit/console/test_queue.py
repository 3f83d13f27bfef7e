"""The queue of findings, page by page."""

from __future__ import annotations

import re
from html import unescape
from itertools import pairwise

import pytest

from console.findings import PAGE
from console.services import Services
from domain.events.verdict import Verdict
from tests.support.console import NOW, finding


def add(made: Services, *rows: tuple[str, str, str, float]) -> None:
    """Findings as (id, severity, event, minutes ago)."""
    with made.store.transaction(NOW) as transaction:
        found = [finding(name, "login_new_device", severity, event, "u7", -ago, {"device": "x"}) for name, severity, event, ago in rows]
        transaction.add_findings(found)


def pages(made: Services, state: str, size: int, **asked: str) -> list[list[str]]:
    """Ids of events, as long as there are more."""
    seen: list[list[str]] = []
    after = ""
    while rows := made.queries.queue(state=state, limit=size, after=after, **asked):
        seen.append(list(dict.fromkeys(row["event_id"] for row in rows)))
        after = rows[-1]["place"]
    return seen


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_each_event_is_on_one_page(fresh, size):
    """Also where events are of one moment, and where one event has findings of several severities."""
    add(
        fresh,
        *(("a1", "warning", "x", 60), ("a2", "critical", "x", 60), ("a3", "warning", "x", 60)),
        *(("b1", "warning", "y", 60), ("c1", "warning", "z", 60), ("c2", "warning", "z", 60)),
    )
    found = pages(fresh, "open", size)

    assert [event for page in found for event in page] == ["x", "e3", "y", "z", "e5"], "gravest first, then oldest"
    assert {len(page) for page in found[:-1]} <= {size}


def test_an_event_comes_with_all_that_was_seen_on_it(fresh):
    """Though the page ends with it."""
    add(fresh, ("a1", "critical", "x", 60), ("a2", "warning", "x", 60))

    assert [row["finding_id"] for row in fresh.queries.queue(limit=1)] == ["a1", "a2"]
    assert [row["finding_id"] for row in fresh.queries.queue(limit=1, text="a2")] == ["a2"], "of what fits the filter"


def test_what_was_decided_is_paged_from_the_newest(fresh):
    """In the order of events."""
    add(fresh, *((f"a{n}", "warning", f"x{n}", 60 + n // 2) for n in range(5)))
    for n in range(5):
        said = Verdict(event_id=f"v{n}", user_id="u7", occurred_at=NOW, about=f"a{n}", label="fraud", source="analyst", by="ana")
        fresh.decisions.decide(said, NOW)

    assert pages(fresh, "closed", 2) == [["x1", "x0"], ["x3", "x2"], ["x4"]]


@pytest.mark.parametrize("after", ["", "critical", "critical x f3", "warning 9999999999999999999999 f", "warning -1 f", "\x00 1 ", "% % %"])
def test_a_place_that_is_none_shows_the_first_page(fresh, after):
    """An address that somebody typed breaks nothing."""
    assert [row["finding_id"] for row in fresh.queries.queue(after=after)] == ["f3", "f5"]


def test_the_pages_lead_on_and_back(fresh, browse):
    """By plain links, with what was asked for; a finding opens beside the page that it was chosen on."""
    add(fresh, *((f"a{n:03}", "warning", f"x{n:03}", 600 - n) for n in range(PAGE + 20)))
    client = browse(fresh, "ana")
    first = client.get("/findings?q=login_new").text
    (on,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = client.get(unescape(on)).text
    titles = [re.findall(r'class="title" href="([^"]+)"', page) for page in (first, second)]

    assert [len(page) for page in titles] == [PAGE, 20]
    assert all(one != other for one, other in pairwise(sorted(link.split("?")[0] for page in titles for link in page)))
    assert 'rel="next"' not in second
    assert '<a href="/findings?q=login_new">From the beginning</a>' in second
    beside = client.get(unescape(titles[1][0])).text
    assert re.findall(r'class="title" href="([^"]+)"', beside) == titles[1]
    assert "the oldest for" not in first, "whose age would be that of this page"


def test_a_page_that_was_worked_off_says_so(fresh, browse):
    """Its way back stays."""
    page = browse(fresh, "ana").get("/findings", params={"after": "warning 1900000000000000 z"}).text

    assert "Nothing further" in page
    assert '<a href="/findings">From the beginning</a>' in page
