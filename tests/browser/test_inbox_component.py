"""The inbox component in a page of the exchange's app."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from domain.events.user import User
from notices.compose.catalogue import available
from notices.compose.labels import labels
from tests.browser.conftest import Site, Watched
from tests.browser.test_accessible import LOOKS, check, violations
from tests.support.console import CODES, NASTY, NOW, TOKENS

pytestmark = pytest.mark.browser
APP = "/demo/u1042/app"
WORDS = labels("en")


def item(name: str, severity: str = "notice", minutes: int = 0, **more: Any) -> dict[str, Any]:
    """An item as the senders put it into the inbox."""
    at = NOW.replace(minute=(NOW.minute + minutes) % 60).isoformat().replace("+00:00", "Z")
    return {"notice_id": name, "kind": "login_new_device", "severity": severity, "title": f"Subject {name}", "body": f"Body {name}.", "created_at": at,
            "number": "K7Q2-M9XD", "locale": "en", "thread": "", **more}  # fmt: skip


def open_app(visit: Callable[..., Watched], site: Site, path: str = APP, **how: Any) -> Watched:
    """The app, once its stream stands."""
    watched = visit(site, **how)
    with watched.page.expect_response(lambda response: response.url.endswith("/inbox/stream")):
        watched.page.goto(site.url + path)
    expect(watched.page.get_by_role("article").first).to_be_visible()
    return watched


def row(page: Page, name: str) -> Any:
    return page.locator(f"[data-id='{name}']")


@pytest.mark.parametrize("locale", available())
def test_it_is_accessible_in_each_language(shared_site: Site, visit: Callable[..., Watched], locale: str) -> None:
    """No violation in light and dark, wide and narrow; its words and direction are the language's; nothing sticks out."""
    watched = open_app(visit, shared_site, f"{APP}?lang={locale}")
    page, words = watched.page, labels(locale)
    expect(page.get_by_role("heading", level=2)).to_contain_text(words["title"])
    expect(page.locator("section[part=inbox]")).to_have_attribute("dir", words["dir"])
    expect(page.get_by_role("button", name=words["not_me"], exact=True)).to_be_visible()
    found = []
    for scheme, width in LOOKS if locale in ("en", "ar") else LOOKS[2:3]:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{scheme} {width}: {line}" for line in violations(page)]
        found += ["sticks out"] if page.evaluate("document.documentElement.scrollWidth > window.innerWidth") else []

    assert [*found, *watched.complaints] == []


def test_a_notice_comes_by_itself(site: Site, visit: Callable[..., Watched]) -> None:
    """Counted, and said to whoever doesn't see it."""
    page = open_app(visit, site).page

    site.put("u1042", item("x1", minutes=5))

    expect(row(page, "x1")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("New notice: Subject x1")
    expect(page.locator("[part=count]")).to_have_text("Unread: 2")
    assert page.get_by_role("article").first.get_attribute("data-id") == "x1"


def test_a_newer_stage_takes_the_place_of_the_older(site: Site, visit: Callable[..., Watched]) -> None:
    """One item a thread."""
    page = open_app(visit, site).page
    site.put("u1042", item("x1", minutes=5, thread="story:1"))
    expect(row(page, "x1")).to_be_visible()

    site.put("u1042", item("x2", minutes=6, thread="story:1"))

    expect(row(page, "x2")).to_be_visible()
    expect(row(page, "x1")).to_have_count(0)


def test_the_owner_answers_in_the_app(site: Site, visit: Callable[..., Watched]) -> None:
    """What "It was not me" brings is said before it is done; then the number of the case is there, and nothing is left to answer."""
    page = open_app(visit, site).page
    page.evaluate("addEventListener('vigil-answer', (event) => { window.heard = event.detail; })")
    page.get_by_role("button", name="It was not me").click()
    expect(page.get_by_text(WORDS["sure"])).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    assert site.services.store.answers.of_notice("n1042").answer is None  # type: ignore[union-attr]

    page.get_by_role("button", name="It was not me").click()
    page.get_by_role("button", name="It was not me").click()

    expect(page.get_by_text("You answered: It was not me").last).to_be_visible()
    [case] = site.services.store.cases.latest()
    expect(page.locator("[part=case]")).to_contain_text(case["number"])
    expect(page.get_by_role("button", name="It was me")).to_have_count(0)
    assert case["via"] == "inbox"
    # The push may show the answer before the response to the click is there.
    assert page.wait_for_function("window.heard").json_value() == {"notice_id": "n1042", "answer": "not_me", "case": case["number"]}


def test_it_is_worked_by_keys_alone(site: Site, visit: Callable[..., Watched]) -> None:
    """Arrows from notice to notice, Tab into one, Enter on a button; what has the focus keeps it when the list is drawn anew."""
    page = open_app(visit, site).page
    site.put("u1042", item("x1", minutes=5))
    expect(row(page, "x1")).to_be_visible()
    row(page, "x1").focus()
    page.keyboard.press("ArrowDown")
    expect(row(page, "n1042")).to_be_focused()
    page.keyboard.press("Home")
    expect(row(page, "x1")).to_be_focused()
    page.keyboard.press("Tab")
    expect(row(page, "x1").get_by_role("button", name="Mark as read")).to_be_focused()

    page.keyboard.press("Enter")

    expect(page.locator("[part=count]")).to_have_text("Unread: 1")
    site.put("u1042", item("x2", minutes=6))
    expect(row(page, "x2")).to_be_visible()
    assert page.evaluate("document.querySelector('vigil-inbox').shadowRoot.activeElement?.closest('[data-id]')?.dataset.id") == "x1"


def test_it_shows_what_is_asked_for(site: Site, visit: Callable[..., Watched]) -> None:
    """By severity, unread, archived; and a page at a time."""
    for number in range(25):
        site.put("u1042", item(f"i{number}", "info", minutes=number))
    page = open_app(visit, site).page
    expect(page.get_by_role("article")).to_have_count(20)
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("article")).to_have_count(26)

    page.get_by_label("Show").select_option("critical")
    expect(page.get_by_role("article")).to_have_count(1)
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_text(WORDS["empty"])).to_be_visible()
    page.get_by_label("Show").select_option("archived")
    expect(row(page, "n1042")).to_be_visible()
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator("[part=count]")).to_have_text("")


def test_a_vote_is_one_and_can_be_changed(site: Site, visit: Callable[..., Watched]) -> None:
    """Yes, then no: the later word stands, and is shown as pressed."""
    page = open_app(visit, site).page
    group = page.get_by_role("group", name="Was this message helpful?")
    group.get_by_role("button", name="Yes").click()
    expect(group.get_by_role("button", name="Yes")).to_have_attribute("aria-pressed", "true")

    group.get_by_role("button", name="No").click()

    expect(group.get_by_role("button", name="No")).to_have_attribute("aria-pressed", "true")
    [result] = site.services.store.votes.results()
    assert (result.kind, result.locale, result.helpful, result.unhelpful) == ("account_takeover", "en", 0, 1)


def test_words_of_a_notice_are_never_markup(site: Site, visit: Callable[..., Watched]) -> None:
    """Whatever stands in them."""
    watched = open_app(visit, site)
    site.put("u1042", item("x1", minutes=5, title=NASTY, body=f"{NASTY} <img src=x onerror=alert(1)>", number=NASTY))

    expect(row(watched.page, "x1").get_by_role("heading")).to_contain_text("<script>alert(1)</script>")
    assert watched.page.evaluate("document.querySelector('vigil-inbox').shadowRoot.querySelectorAll('script, img').length") == 0
    assert watched.complaints == []


def test_it_finds_its_way_back(site: Site, visit: Callable[..., Watched]) -> None:
    """What came while the connection was gone is there once it is back."""
    watched = open_app(visit, site)
    page = watched.page
    page.route(re.compile(".*/inbox/stream"), lambda route: route.abort())
    page.evaluate("document.querySelector('vigil-inbox').setAttribute('src', location.pathname.replace('/app', '/inbox/'))")
    expect(page.get_by_role("alert")).to_have_text(WORDS["away"])
    site.put("u1042", item("x1", minutes=5))

    page.unroute_all()

    expect(row(page, "x1")).to_be_visible()
    expect(page.locator("[part=alert]")).to_have_text("")


def test_what_comes_while_a_list_is_on_its_way_is_shown(site: Site, visit: Callable[..., Watched]) -> None:
    """The list was read before: what is pushed meanwhile is newer."""
    page = open_app(visit, site).page

    def slowly(route: Any) -> None:
        answer = route.fetch()
        site.put("u1042", item("x1", "critical", minutes=5))
        expect(page.get_by_role("status")).to_have_text("New notice: Subject x1")
        route.fulfill(response=answer)

    page.route(re.compile(r"/inbox/?\?.*severity=critical"), slowly)
    with page.expect_response(re.compile("severity=critical")):
        page.get_by_label("Show").select_option("critical")

    expect(page.get_by_role("article")).to_have_count(2)
    expect(row(page, "x1")).to_be_visible()


def test_what_was_read_is_counted_once(site: Site, visit: Callable[..., Watched]) -> None:
    """Also where the push of the change is faster than the answer to the click."""
    page = open_app(visit, site).page
    site.put("u1042", item("x1", minutes=5))
    site.put("u1042", item("x2", minutes=6))
    count = page.locator("[part=count]")
    expect(count).to_have_text("Unread: 3")

    def slowly(route: Any) -> None:
        answer = route.fetch()
        expect(count).to_have_text("Unread: 2")
        route.fulfill(response=answer)

    page.route("**/x1/read", slowly)
    with page.expect_response("**/x1/read"):
        row(page, "x1").get_by_role("button", name="Mark as read").click()
    page.evaluate("fetch('/healthz').then(() => 0)")  # the answer before it has been dealt with by then

    assert count.text_content() == "Unread: 2"


def test_it_looks_as_the_exchange_wants(site: Site, visit: Callable[..., Watched]) -> None:
    """By custom properties and parts, from outside."""
    page = open_app(visit, site).page
    page.evaluate(
        """() => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync('vigil-inbox { --vigil-surface: rgb(1, 2, 3); } vigil-inbox::part(subject) { color: rgb(4, 5, 6); }');
          document.adoptedStyleSheets = [sheet];
        }"""
    )
    surface = page.evaluate("getComputedStyle(document.querySelector('vigil-inbox')).backgroundColor")
    subject = page.get_by_role("article").first.get_by_role("heading").evaluate("(node) => getComputedStyle(node).color")

    assert (surface, subject) == ("rgb(1, 2, 3)", "rgb(4, 5, 6)")


@pytest.mark.parametrize("path", ["/demo/u1042/check", "/demo/u7/check", "/feedback", "/cases"])
def test_the_pages_around_it_are_accessible(shared_site: Site, visit: Callable[..., Watched], path: str) -> None:
    """The check page in two languages, and what staff sees of votes and cases, empty."""
    check(visit(shared_site), shared_site, path)


def test_a_message_is_checked_without_script(site: Site, visit: Callable[..., Watched]) -> None:
    """On the page of the app, with everything switched off."""
    page = visit(site, width=390, script=False).page
    page.goto(site.url + "/demo/u1042/check")
    page.get_by_label("The message, or its check code").fill("Notice 0000-0000")
    page.get_by_role("button", name="Check").click()

    expect(page.get_by_role("status")).to_contain_text("We have sent you no such notice")


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_what_comes_after_an_answer_is_accessible(site: Site, visit: Callable[..., Watched], locale: str) -> None:
    """What was done, the case, the steps; the question whether it helped; and the check of a message: also from right to left."""
    site.services.users.users["u1042"] = User(user_id="u1042", locale=locale)  # type: ignore[attr-defined]
    with site.services.store.database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE answers SET locale = '{locale}'")
    watched = visit(site, width=390)
    page, words, found = watched.page, labels(locale), []
    page.goto(site.url + f"/n/{TOKENS['u1042']}")
    page.get_by_role("button", name=words["not_me"]).click()
    expect(page.locator("#done")).to_be_visible()
    found += violations(page)
    page.get_by_role("link", name=words["helpful"]).click()
    page.get_by_role("button", name=words["yes"]).click()
    expect(page.get_by_role("button", name=words["yes"])).to_have_attribute("aria-pressed", "true")
    found += violations(page)
    page.goto(site.url + "/demo/u1042/check")
    page.locator("textarea").fill(f"{CODES.of('n1042')} https://evil.example/")
    page.get_by_role("button").click()
    expect(page.locator("#verdict")).to_be_visible()
    found += violations(page)

    assert page.evaluate("document.documentElement.dir") == words["dir"]
    assert [*found, *watched.complaints] == []
    assert len(site.services.store.votes.results()) == 1


def test_the_owner_who_answered_by_a_mail_sees_it_in_the_app(site: Site, visit: Callable[..., Watched]) -> None:
    """At once: nobody is asked again what was said already."""
    page = open_app(visit, site).page
    other = visit(site, staff=False).page
    other.goto(site.url + f"/n/{TOKENS['u1042']}")
    other.get_by_role("button", name="It was not me").click()

    expect(page.locator("[part=answered]")).to_have_text("You answered: It was not me")
    expect(page.get_by_role("button", name="It was me")).to_have_count(0)


def test_cases_and_votes_are_accessible_to_staff(site: Site, visit: Callable[..., Watched]) -> None:
    """With something in them."""
    site.services.store.answers.decide(TOKENS["u1042"], "not_me", NOW, None)
    site.services.store.votes.vote("n1042", "u1042", True, "link", NOW)
    number = site.services.store.cases.latest()[0]["number"]
    for path in ("/cases", f"/cases/{number}", "/feedback", "/notices/n1042"):
        check(visit(site), site, path)
