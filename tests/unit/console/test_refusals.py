"""What stands instead of a page: for owners in their language and with no way into the staff's rooms, for staff in words that help."""

from urllib.parse import parse_qs, urlsplit

import pytest

from domain.ports import Unavailable
from tests.support.console import TOKENS

pytestmark = pytest.mark.slow

JAPANESE = {"Accept-Language": "ja,en;q=0.5"}
LINKS = ["/n/" + "x" * 22, "/u/x", "/h/x", "/check/x", "/security-report/x"]


def gone(*_args):
    raise Unavailable("the database is away")


@pytest.mark.parametrize("path", LINKS)
def test_a_link_that_leads_nowhere_is_told_in_the_readers_language(shared, browse, path):
    """And the page leads to no room of the staff."""
    page = browse(shared).get(path, headers=JAPANESE)

    assert page.status_code in (404, 410)
    assert '<html lang="ja"' in page.text
    assert 'href="/"' not in page.text


@pytest.mark.parametrize("path", LINKS)
def test_too_many_of_them_are_told_so_too(fresh, browse, path):
    """With the seconds to wait."""
    reader = browse(fresh)
    fresh.guesses._own.add("testclient", fresh.guesses._own.burst)

    page = reader.get(path, headers=JAPANESE)

    assert page.status_code == 429
    assert int(page.headers["retry-after"]) >= 1
    assert '<html lang="ja"' in page.text
    assert "数分たってからもう一度お試しください。" in page.text


@pytest.mark.parametrize(("failing", "status"), [(gone, 503), (lambda *_: 1 / 0, 500)])
def test_an_owner_who_can_not_be_answered_now_is_told_what_to_do(fresh, browse, monkeypatch, failing, status):
    """In words of his own language, not in ours for staff."""
    monkeypatch.setattr(fresh.store.answers, "find", failing)

    page = browse(fresh).post(f"/n/{TOKENS['u1042']}", data={"answer": "not_me"}, headers=JAPANESE)

    assert page.status_code == status
    assert "ただいまご利用いただけません" in page.text
    assert "script" not in page.headers["content-security-policy"]
    assert 'href="/"' not in page.text


def test_staff_are_told_what_was_wrong(shared, browse):
    """Not only that it was."""
    assert "expected a day, such as 2026-11-22" in browse(shared, "ana").get("/notices?since=yesterday").text
    assert "expected a day" in browse(shared, "carl").get("/notices?until=2026-13-01").text


def test_signing_in_leads_to_what_was_asked_for(shared, browse):
    """With its question, so that a colleague's link to a search is that search; an id with a slash stays one."""
    for path in ("/notices?q=u7&status=failed", "/users/u%2F5%205", "/findings/f3"):
        asked = browse(shared).get(path, follow_redirects=False)
        [onward] = parse_qs(urlsplit(asked.headers["location"]).query)["next"]

        assert onward == path
