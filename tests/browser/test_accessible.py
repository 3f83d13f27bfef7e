"""Every page in light and dark, wide and narrow: readable by machines and people, and within its own policy."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from console.findings import PAGE
from tests.browser.conftest import AXE, Site, Watched
from tests.support.console import NASTY, NOW, TOKENS, finding

pytestmark = pytest.mark.browser

PAGES = [
    *("/", "/findings", "/findings/f3", "/findings/f5", "/users", "/users/u1042", "/notices", "/notices/n1042", "/notices/n55"),
    *("/catalogue", "/catalogue/account_takeover?locale=ar&channel=text", "/catalogue/login_new_device?locale=ja&channel=sms"),
    *(
        "/campaigns",
        "/cases",
        "/feedback",
        "/deliveries",
        "/detectors",
        "/detectors/login_new_device",
        "/models",
        "/mailbox",
        "/demo",
        "/demo/u1042",
    ),
]
ANSWERS = [f"/n/{TOKENS['u1042']}", f"/n/{TOKENS['u7']}", "/n/unknown", "/sign-in", "/no-such-page"]
LOOKS: list[tuple[Any, int]] = [("light", 1280), ("light", 390), ("dark", 390), ("dark", 1280)]
WHOLE = LOOKS[::2]
"""Looks in which every rule is run: what is shown on a wide page alone, or on a narrow one alone, is in one of them."""
OF_COLOURS = ["color-contrast", "link-in-text-block"]
"""Rules whose outcome is another one in other colours."""


def violations(page: Any, rules: list[str] | None = None) -> list[str]:
    """What axe-core finds, by all or by some of its rules, in a line each; frames are judged by themselves. Whoever clicked waits first
    for what the click brings: a click doesn't wait for the page that it leads to."""
    page.wait_for_load_state("load")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("only => axe.run(document, {iframes: false, resultTypes: ['violations'], ...(only && {runOnly: only})})", rules)
    return [f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes'][:3]]}" for v in found["violations"]]


def check(watched: Watched, site: Site, path: str) -> None:
    """Opens the page, and looks at it in light and dark, wide and narrow."""
    page, found = watched.page, []
    page.goto(site.url + path)
    page.wait_for_load_state("load")
    for scheme, width in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        look = f"{scheme}, {width} px"
        found += [f"{look}: {line}" for line in violations(page, None if (scheme, width) in WHOLE else OF_COLOURS)]
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            found.append(f"{look}: something sticks out sideways")
    expected = "404" if path in ("/n/unknown", "/no-such-page") else "no complaint"

    assert [*found, *(c for c in watched.complaints if expected not in c)] == []


@pytest.mark.parametrize("path", PAGES)
def test_a_staff_page_is_accessible(shared_site: Site, visit: Callable[..., Watched], path: str) -> None:
    """No violation of axe-core's rules, nothing sticks out, no complaint of the browser about policy or script."""
    check(visit(shared_site), shared_site, path)


def test_a_campaign_is_accessible(site: Site, visit: Callable[..., Watched]) -> None:
    """With what a fraud chose to call itself, and many hosts."""
    facts = {"campaign": "abc", "reporters": "4", "first_at": NOW.isoformat()}
    with site.services.store.transaction(NOW) as transaction:
        transaction.add_findings(
            [
                finding(f"c{n}", "report_campaign", "info", f"r{n}", f"u{n}", -n, {**facts, "campaign_role": "reporter", "host": host})
                for n, host in enumerate([NASTY, "a-rather-long-name-of-an-exchange-verify" + "[.]example" * 6, "okx[.]test"])
            ]
            + [finding("c9", "report_campaign", "warning", "r9", "u9", -1, {**facts, "campaign_role": "payer", "address": "T" + "x" * 33})]
        )

    check(visit(site), site, "/campaigns")


def test_the_pages_of_the_queue_are_accessible_and_turned(site: Site, visit: Callable[..., Watched]) -> None:
    """The first, the last, and one that was worked off; from one to the next by a link."""
    with site.services.store.transaction(NOW) as transaction:
        transaction.add_findings(
            [finding(f"q{n:03}", "login_new_device", "warning", f"y{n:03}", "u7", -600 + n, {"device": "x"}) for n in range(PAGE + 5)]
        )
    check(visit(site), site, "/findings")
    page = visit(site).page
    page.goto(site.url + "/findings")
    page.get_by_role("link", name="Next in the queue").click()
    page.wait_for_url("**/findings?after=*")
    assert page.locator("a.title").count() == 7

    check(visit(site), site, page.url.removeprefix(site.url))
    check(visit(site), site, "/findings?after=warning+1900000000000000+z")


@pytest.mark.parametrize("path", ANSWERS)
def test_a_page_for_everyone_is_accessible(shared_site: Site, visit: Callable[..., Watched], path: str) -> None:
    """The owner's pages most of all."""
    check(visit(shared_site, staff=False), shared_site, path)


def test_the_rules_are_run(shared_site: Site, visit: Callable[..., Watched]) -> None:
    """A page with a mistake is caught: the check is able to fail."""
    page = visit(shared_site, staff=False).page
    page.goto(shared_site.url + "/sign-in")
    page.evaluate("document.querySelector('label').remove()")

    assert any(line.startswith("label") for line in violations(page)), json.dumps(violations(page))
