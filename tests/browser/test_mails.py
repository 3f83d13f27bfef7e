"""Mails as their readers' programs draw them: light, dark, on a phone, from right to left."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from console.samples import sample
from notices.compose.editions import on_disk
from notices.compose.preview import preview
from tests.browser.test_accessible import violations

pytestmark = pytest.mark.browser

LOOKS: list[tuple[Any, int]] = [("light", 640), ("dark", 640), ("light", 360), ("dark", 360)]

OF_PAGES = ("landmark-one-main", "region")
"""Rules that a mail can't break: it is an article in the page of the program that shows it."""


@pytest.mark.parametrize(("kind", "locale"), [("account_takeover", "ar"), ("account_takeover", "de"), ("margin_low", "ja")])
def test_a_mail_can_be_read_in_each_look(chrome: Browser, kind: str, locale: str) -> None:
    """Contrast, order of headings, direction; nothing sticks out sideways, and there is no picture that could be switched off."""
    notice, parts = sample(kind)
    html = preview(on_disk(kind, locale), notice, "Example Exchange", "https://exchange.example", parts).html
    found = []
    for scheme, width in LOOKS:
        page = chrome.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.set_content(html)
        found += [f"{scheme} {width}: {line}" for line in violations(page) if not line.startswith(OF_PAGES)]
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            found.append(f"{scheme} {width}: sticks out sideways")
        assert page.evaluate("document.documentElement.dir") == ("rtl" if locale == "ar" else "ltr")
        assert page.locator("img").count() == 0
        page.close()

    assert found == []
