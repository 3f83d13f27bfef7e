"""The security report in a browser: accessible in every look, right to left, on paper, without a script."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from console.security_report import WHAT
from domain.events.user import ApiKeyState, Protection, User
from tests.browser.conftest import Site, Watched
from tests.browser.test_accessible import check, violations
from tests.support.console import NOW

pytestmark = pytest.mark.browser

KEYS = [ApiKeyState(last_used_at=NOW - timedelta(days=200))]
READERS = {
    "en": User(user_id="u1042", locale="en", email="a@b.example", protection=Protection(mfa="sms", whitelist=False, api_keys=KEYS)),
    "ar": User(user_id="u1042", locale="ar", region="AE", email="a@b.example", phone="+971501234567", anti_phishing_code="red-fox"),
    "zh-CN": User(user_id="u1042", locale="zh-CN", protection=Protection(mfa="none")),
    "de": User(user_id="u1042", locale="de", email="a@b.example", protection=Protection(mfa="passkey", whitelist=True, api_keys=KEYS * 3)),
}


def opened(site: Site, locale: str) -> str:
    """The path of the page for a reader of that language."""
    site.services.users.users["u1042"] = READERS[locale]  # type: ignore[attr-defined]
    assert site.services.checking is not None
    return f"/security-report/{site.services.checking.passes.give(WHAT, ['u1042'], NOW + timedelta(minutes=30))}"


@pytest.mark.parametrize("locale", READERS)
def test_the_owners_page_is_accessible(site: Site, visit: Callable[..., Watched], locale: str) -> None:
    """No violation in light and dark, wide and on a phone; nothing sticks out, also from right to left."""
    check(visit(site, staff=False, script=True), site, opened(site, locale))


def test_what_has_expired_and_what_a_colleague_sees_is_accessible(site: Site, visit: Callable[..., Watched]) -> None:
    """The same rules."""
    check(visit(site), site, "/users/u1042/security-report")
    page = visit(site, staff=False).page
    page.goto(f"{site.url}/security-report/unknown")

    assert violations(page) == []


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_it_prints_on_white_and_whole(site: Site, visit: Callable[..., Watched], locale: str) -> None:
    """On an A4 page every part is there, dark on white, also for who reads in the dark; no part is cut in two."""
    page = visit(site, staff=False, scheme="dark", script=False).page
    page.goto(site.url + opened(site, locale))
    page.emulate_media(media="print", color_scheme="light")
    page.set_viewport_size({"width": 794, "height": 1123})

    assert page.locator(".report-parts > li").count() == 6
    assert page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".report-parts > li").first.evaluate("e => getComputedStyle(e).breakInside") == "avoid"
    assert page.pdf(format="A4").startswith(b"%PDF")
