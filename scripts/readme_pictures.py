"""The two pictures of the README: the console's overview beside a running `make run`, and an e-mail from sample data.

    .venv/bin/python scripts/readme_pictures.py SIGN_IN_LINK      # as `make run` prints it, unused; best after some minutes

Writes docs/images/console.png and mail.png. Needs Chromium and the development tools (`make dev`).
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from config.notices import load  # noqa: E402
from notices.compose.editions import on_disk  # noqa: E402
from notices.compose.preview import preview  # noqa: E402
from notices.samples import Samples  # noqa: E402

FOLDER = ROOT / "docs" / "images"
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
KIND = "account_takeover"
BRAND, URL = "Example Exchange", "https://exchange.example"


def console(browser: Browser, link: str) -> None:
    """The overview, as far down as a screen goes."""
    page = browser.new_page(viewport={"width": 1280, "height": 930}, color_scheme="light")
    page.goto(link)
    if button := page.query_selector("main form button"):  # the link asks before it signs in
        button.click()
    page.get_by_role("heading", name="Overview").wait_for()
    page.get_by_text("15 min", exact=True).click()
    page.locator("canvas").first.wait_for()
    page.wait_for_timeout(6_000)  # the chart has some of its readings
    page.screenshot(path=FOLDER / "console.png")
    page.close()


def mail(browser: Browser) -> None:
    """One kind in English, whole."""
    page = browser.new_page(viewport={"width": 660, "height": 900}, color_scheme="light")
    page.set_content(preview(on_disk(KIND, "en"), Samples(load()).notice(KIND), BRAND, URL).html)
    page.screenshot(path=FOLDER / "mail.png", full_page=True)
    page.close()


def main(link: str) -> None:
    """Writes both."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        mail(browser)
        console(browser, link)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("name the sign-in link that `make run` prints")
    main(sys.argv[1])
