"""The catalogue in a browser: two people put words live, without script, and mails are framed without power."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from console.signin import COOKIE
from notices.compose.editions import on_disk
from tests.browser.conftest import Site, Watched
from tests.browser.test_accessible import check

pytestmark = pytest.mark.browser

PAGE = "/catalogue/login_new_device?locale=en"


def as_colleague(watched: Watched, site: Site, name: str) -> None:
    watched.page.context.add_cookies([{"name": COOKIE, "value": site.services.sessions.start(name), "url": site.url}])


def test_words_go_live_by_two_people(site: Site, visit: Callable[..., Watched]) -> None:
    """One submits, the other reads what differs and approves; each page is accessible, and no script is needed."""
    site.services.approval = "console"
    ana, carl = (visit(site, staff=False, script=False) for _ in range(2))
    as_colleague(ana, site, "ana")
    as_colleague(carl, site, "carl")
    ana.page.goto(site.url + PAGE)
    expect(ana.page.get_by_text("Nothing of this kind is approved in this language")).to_be_visible()
    ana.page.get_by_label("What changed").fill("the first edition")
    ana.page.get_by_role("button", name="Submit for approval").click()
    expect(ana.page.get_by_text("You submitted it yourself: a second person approves.")).to_be_visible()

    carl.page.goto(site.url + PAGE)
    expect(carl.page.get_by_text("the first edition").first).to_be_visible()
    carl.page.get_by_role("button", name="Approve, send from now on").click()

    expect(carl.page.get_by_text("Nothing of this kind is approved")).to_have_count(0)
    assert site.services.store.wordings.live().live["login_new_device", "en"] == on_disk("login_new_device", "en").name


def test_each_step_is_accessible(site: Site, visit: Callable[..., Watched]) -> None:
    """A draft with its form, what is submitted, what differs from what is live."""
    site.services.approval = "console"
    watched = visit(site)
    check(watched, site, "/catalogue")
    check(watched, site, PAGE)
    edition = on_disk("login_new_device", "en")
    site.services.store.wordings.decide("submitted", [edition.name], "ana", "the first edition", site.services.now())
    check(watched, site, PAGE)


def test_the_mail_is_framed_without_power(shared_site: Site, visit: Callable[..., Watched]) -> None:
    """It is shown in its own colours, and nothing of it may run, load or leave."""
    watched = visit(shared_site)
    watched.page.goto(shared_site.url + "/catalogue/account_takeover?locale=ar&channel=email")
    frame = watched.page.locator("iframe.frame")
    inside = watched.page.frame_locator("iframe.frame")

    expect(inside.locator("html")).to_have_attribute("dir", "rtl")
    assert frame.get_attribute("sandbox") == ""
    assert watched.complaints == []
