"""Announcements in a browser: written, read, approved by a second person and ended, without script; accessible at each step."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console.signin import COOKIE
from tests.browser.conftest import Site, Watched
from tests.browser.test_accessible import check

pytestmark = pytest.mark.browser


def colleague(visit: Callable[..., Watched], site: Site, name: str) -> Page:
    """A colleague's browser, with script switched off."""
    page = visit(site, staff=False, script=False).page
    page.context.add_cookies([{"name": COOKIE, "value": site.services.sessions.start(name), "url": site.url}])
    return page


def write(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/announcements")
    page.get_by_role("link", name="New announcement").click()
    page.get_by_label("Title, en").fill("Spot trading pauses")
    page.get_by_label("Text, en").fill("From two to four.")
    page.get_by_label("Begins, UTC").fill("2026-11-22T05:00")
    page.get_by_label("Ends, UTC").fill("2026-11-22T07:00")
    page.get_by_label("A reader's language without a text").select_option("fallback")
    page.get_by_label("What happens to them").select_option("paused")
    page.get_by_role("button", name="Keep the draft").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Spot trading pauses")


def test_from_draft_to_approval_without_script(site: Site, visit: Callable[..., Watched]) -> None:
    """Ana writes and submits, and has no button to approve; Carl has. Then she cancels it."""
    ana, carl = colleague(visit, site, "ana"), colleague(visit, site, "carl")
    write(ana, site)
    expect(ana.frame_locator("iframe").get_by_role("heading", level=1)).to_have_text("Spot trading pauses")
    ana.get_by_role("button", name="Submit for approval").click()
    expect(ana.get_by_text("Waits for approval")).to_be_visible()
    expect(ana.get_by_role("button", name="Approve")).to_have_count(0)

    carl.goto(ana.url)
    carl.get_by_role("button", name="Approve").click()
    expect(carl.locator(".tag", has_text="Going out")).to_be_visible()
    ana.reload()
    ana.get_by_role("button", name="Cancel it").click()
    expect(ana.get_by_text("Cancelled", exact=True)).to_be_visible()


def test_what_is_wrong_is_said_and_what_was_typed_stays(site: Site, visit: Callable[..., Watched]) -> None:
    """Beside the form."""
    page = colleague(visit, site, "ana")
    page.goto(f"{site.url}/announcements/new")
    page.get_by_label("Title, en").fill("Spot trading pauses")
    page.get_by_role("button", name="Keep the draft").click()

    expect(page.get_by_role("alert")).to_contain_text("a title and a text belong together")
    expect(page.get_by_label("Title, en")).to_have_value("Spot trading pauses")


def test_every_page_of_it_is_accessible(site: Site, visit: Callable[..., Watched]) -> None:
    """The empty list, the form, the list and the page with its preview: light, dark, wide and on a phone."""
    check(visit(site), site, "/announcements")
    check(visit(site), site, "/announcements/new")
    ana = colleague(visit, site, "ana")
    write(ana, site)
    path = ana.url.removeprefix(site.url)
    for one in ("/announcements", path, f"{path}?channel=sms&language=ar", f"{path}?channel=text", f"{path}?channel=inapp", f"{path}/edit"):
        check(visit(site), site, one)
