"""The console in a browser: what moves, what keys do, what works without script."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from domain.events.user import User
from tests.browser.conftest import Site, Watched
from tests.support.console import NOW, TOKENS, finding

pytestmark = pytest.mark.browser
LINK = f"/n/{TOKENS['u1042']}"


def overview(visit: Callable[..., Watched], site: Site) -> Page:
    """The overview, once its stream stands."""
    page = visit(site).page
    with page.expect_response(lambda response: "/live" in response.url):
        page.goto(site.url)
    return page


@pytest.mark.parametrize(
    ("button", "answer", "then"),
    [("It was not me", "not_me", "This question was answered already"), ("It was me", "me", "Was this withdrawal you?")],
)
def test_the_owner_answers_without_script(site: Site, visit: Callable[..., Watched], button: str, answer: str, then: str) -> None:
    """Half awake, on an old phone, with everything switched off. A "this was me" from a mailbox decides nothing of what is critical: the
    other answer stays open."""
    page = visit(site, width=390, staff=False, script=False).page
    page.goto(site.url + LINK)
    expect(page.get_by_role("heading", level=1)).to_have_text("Was this withdrawal you?")

    page.get_by_role("button", name=button).click()

    expect(page.get_by_role("button")).to_have_count(0)
    said = site.services.store.answers.of_notice("n1042")
    assert said is not None
    assert said.answer == answer
    page.goto(site.url + LINK)
    expect(page.get_by_role("heading", level=1)).to_have_text(then)


def test_both_answers_are_of_the_same_weight(shared_site: Site, visit: Callable[..., Watched]) -> None:
    """Neither is a default: same size, none in focus."""
    page = visit(shared_site, width=390, staff=False).page
    page.goto(shared_site.url + LINK)
    boxes = [page.get_by_role("button", name=name).bounding_box() for name in ("It was not me", "It was me")]

    assert all(box is not None and box["height"] >= 44 for box in boxes)
    assert len({round(box["width"]) for box in boxes if box}) == 1
    assert page.evaluate("document.activeElement.tagName") == "BODY"


def test_new_findings_come_by_themselves(site: Site, visit: Callable[..., Watched]) -> None:
    """Pushed, without a reload."""
    page = overview(visit, site)
    expect(page.locator("#rate-chart canvas")).to_be_visible()

    with site.services.store.transaction(NOW) as transaction:
        transaction.add_findings([finding("f9", "trade_burst", "notice", "e9", "u9", 1, {"trades": "140"})])

    expect(page.locator("tr[data-id=f9]")).to_be_visible()


def test_rows_wait_while_someone_reads(site: Site, visit: Callable[..., Watched]) -> None:
    """And are shown at a click."""
    page = overview(visit, site)
    page.locator("[data-live-list] tbody tr").first.hover()

    with site.services.store.transaction(NOW) as transaction:
        transaction.add_findings([finding("f9", "trade_burst", "notice", "e9", "u9", 1, {"trades": "140"})])

    button = page.get_by_role("button", name="1 new")
    expect(button).to_be_visible()
    assert page.locator("tr[data-id=f9]").count() == 0
    button.click()
    expect(page.locator("tr[data-id=f9]")).to_be_visible()


def test_updates_can_be_paused(site: Site, visit: Callable[..., Watched]) -> None:
    """By its key, too; going on shows what was missed."""
    page = overview(visit, site)
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Go on")).to_have_attribute("aria-pressed", "true")
    with site.services.store.transaction(NOW) as transaction:
        transaction.add_findings([finding("f9", "trade_burst", "notice", "e9", "u9", 1, {"trades": "140"})])

    with page.expect_event("request", lambda request: "/healthz" in request.url):
        page.evaluate("setTimeout(() => fetch('/healthz'), 3000)")  # two pushes later
    assert page.locator("tr[data-id=f9]").count() == 0

    page.keyboard.press("p")
    expect(page.locator("tr[data-id=f9]")).to_be_visible()


def test_the_queue_is_worked_by_keys(site: Site, visit: Callable[..., Watched]) -> None:
    """Down, open, decide, undo."""
    page = visit(site).page
    page.goto(site.url + "/findings")

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2, name="Withdrawal far above usual, u/5 5")).to_be_visible()
    page.wait_for_load_state("load")  # keys are heard once the scripts have run
    page.keyboard.press("f")
    expect(page.locator(".toast")).to_contain_text("marked fraud")
    assert site.services.queries.open_count() == 1
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("nobody heard of it")
    assert site.services.queries.open_count() == 2


def test_keys_are_inert_in_fields_and_can_be_switched_off(shared_site: Site, visit: Callable[..., Watched]) -> None:
    """Typing a word must not decide anything."""
    page = visit(shared_site).page
    page.goto(shared_site.url + "/findings/f3")

    page.keyboard.press("/")
    page.keyboard.type("fraud g")
    assert page.locator("#find").input_value() == "fraud g"
    page.locator("#keys-switch").click()
    page.locator("h1").click()
    page.keyboard.press("f")

    assert page.url.endswith("/findings/f3")
    assert shared_site.services.queries.open_count() == 2


def test_on_a_phone_queue_and_detail_are_two_pages(shared_site: Site, visit: Callable[..., Watched]) -> None:
    """One thing at a time."""
    page = visit(shared_site, width=390).page
    page.goto(shared_site.url + "/findings")
    expect(page.locator(".queue")).to_be_visible()
    page.get_by_role("link", name="Account takeover").click()
    expect(page.locator("#detail")).to_be_visible()
    expect(page.locator(".queue")).to_be_hidden()


def test_the_stored_mail_is_drawn_with_its_styles_in_its_sandbox(shared_site: Site, visit: Callable[..., Watched]) -> None:
    """As its reader saw it; nothing in it leads out."""
    watched = visit(shared_site)
    watched.page.goto(shared_site.url + "/notices/n1042")
    frame = watched.page.frame_locator("iframe.frame")

    expect(frame.get_by_text("red-fox")).to_be_visible()
    link = frame.get_by_role("link").first
    assert (link.get_attribute("href") or "").endswith("/n/••••")
    assert link.evaluate("link => getComputedStyle(link.closest('td')).backgroundColor") != "rgba(0, 0, 0, 0)"
    assert watched.complaints == []


def test_a_mail_in_the_mailbox_leads_to_its_answer_page(shared_site: Site, visit: Callable[..., Watched]) -> None:
    """The demonstration: read the mail as its owner, answer it."""
    page = visit(shared_site).page
    page.goto(shared_site.url + "/mailbox")
    page.locator("a.title").first.click()
    with page.expect_popup() as opened:
        page.frame_locator("iframe.frame").locator(f"a[href$='{TOKENS['u7']}']").first.click()

    expect(opened.value.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(opened.value.get_by_role("button")).to_have_count(2)


def test_the_demo_inbox_is_pushed_to(site: Site, visit: Callable[..., Watched]) -> None:
    """A notice stands there without a reload, unread, in the reader's language."""
    site.services.users.users["u9"] = User(user_id="u9", locale="ja")  # type: ignore[attr-defined]
    page = visit(site, width=390).page
    page.goto(site.url + "/demo/u9")
    expect(page.locator("[data-live]")).to_have_text("live")
    site.put(
        "u9",
        {
            **{"notice_id": "n9", "title": "<b>新しい端末</b>", "body": "本文", "locale": "ja"},
            **{"severity": "notice", "kind": "k", "created_at": "2026-11-22T03:14:07Z"},
        },
    )

    row = page.locator("[data-id=n9]")
    expect(row.get_by_role("heading")).to_have_text("<b>新しい端末</b>")
    assert row.locator("div").first.get_attribute("lang") == "ja"
    expect(page.locator("[data-unread]")).to_contain_text(": 1")


def test_the_owner_answers_in_the_demo_inbox(site: Site, visit: Callable[..., Watched]) -> None:
    """The way through the exchange's app."""
    page = visit(site).page
    page.goto(site.url + "/demo/u1042")
    page.get_by_role("button", name="It was not me").click()

    expect(page.get_by_role("status").filter(has_text="Taken: it was not me")).to_be_visible()
    said = site.services.store.answers.of_notice("n1042")
    assert said is not None
    assert said.answer == "not_me"


def test_the_lamp_goes_out_with_the_worker(site: Site, visit: Callable[..., Watched]) -> None:
    """Without a reload."""
    page = overview(visit, site)
    expect(page.locator("#lamp")).to_have_attribute("data-state", "lit")

    async def silence() -> list[object]:
        return []

    site.services.heartbeats = silence  # type: ignore[assignment]
    expect(page.locator("#lamp")).to_have_attribute("data-state", "out")
    assert json.loads(page.locator("#rate-data").get_attribute("data-points") or "[]")


def test_on_a_phone_the_open_room_is_seen_and_one_can_sign_out(site: Site, visit: Callable[..., Watched]) -> None:
    """The rooms are one line there; it is scrolled to the one that is open, and ends with the way out."""
    page = visit(site, width=390).page
    page.goto(site.url + "/models")
    expect(page.get_by_role("link", name="Models")).to_be_in_viewport()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto(site.url + "/models")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_an_overview_left_open_is_emptied_when_its_session_ends(site: Site, visit: Callable[..., Watched]) -> None:
    """Signed out in another window: nothing of the watch is shown any more, and the way back is."""
    page = overview(visit, site)
    other = page.context.new_page()
    other.goto(site.url + "/models")
    other.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Signed out")
    expect(page.get_by_role("heading", name="Attacks in progress")).to_have_count(0)
    page.get_by_role("link", name="Sign in again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
