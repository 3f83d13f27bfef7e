"""Pictures of notices for the documentation: six kinds in four languages, as mails in light, dark and on a phone, from sample data.

    .venv/bin/python scripts/notice_pictures.py [FOLDER]

A sheet for each language and look is written to docs/images/notices/ (WebP). Needs Chromium, the development tools (`make dev`), and fonts
for Chinese, Japanese and Arabic (Debian: chromium fonts-noto-cjk fonts-noto-core).
"""

from __future__ import annotations

import base64
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from config.notices import load  # noqa: E402
from notices.compose.editions import on_disk  # noqa: E402
from notices.compose.preview import preview  # noqa: E402
from notices.samples import Samples  # noqa: E402

KINDS = (
    "account_takeover",
    "login_new_device",
    "withdrawal_large",
    "security_setting_changed:mfa_disabled",
    "margin_low",
    "report_campaign",
)
LOCALES = ("zh-CN", "ja", "ar", "de")
LOOKS = {"light": (620, "light", 300), "dark": (620, "dark", 300), "phone": (360, "light", 200)}
"""Name -> width of the window, colour scheme, width on the sheet."""
BRAND, URL = "Example Exchange", "https://exchange.example"
QUALITY = 0.13
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]


def shot(browser: Browser, html: str, width: int, scheme: Any) -> bytes:
    """PNG of a whole mail. Ends the script when something of it sticks out sideways."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.set_content(html)
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        raise SystemExit(f"a mail sticks out sideways at {width} px")
    png = page.screenshot(full_page=True)
    page.close()
    return png


def sheet(browser: Browser, pictures: dict[str, bytes], width: int) -> bytes:
    """One PNG: the mails of a language and look beside each other."""

    def image(png: bytes) -> str:
        return f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" width="{width}">'

    names = "".join(f"<th>{name.split(':')[0]}</th>" for name in pictures)
    cells = "".join(f"<td>{image(png)}</td>" for png in pictures.values())
    style = "body { margin: 0; font: 13px sans-serif; background: #9aa5a8 } td { vertical-align: top; padding: 4px }"
    page = browser.new_page(viewport={"width": 8 + len(pictures) * (width + 12), "height": 600})
    page.set_content(f"<style>{style}</style><table><tr>{names}</tr><tr>{cells}</tr></table>")
    png = page.locator("table").screenshot()
    page.close()
    return png


def webp(browser: Browser, png: bytes) -> bytes:
    """The picture, by Chromium's own encoder."""
    page = browser.new_page()
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    encode = """async ([source, quality]) => {
        const picture = new Image(); picture.src = source; await picture.decode();
        const canvas = document.createElement("canvas"); canvas.width = picture.width; canvas.height = picture.height;
        canvas.getContext("2d").drawImage(picture, 0, 0);
        return canvas.toDataURL("image/webp", quality);
    }"""
    made: str = page.evaluate(encode, [source, QUALITY])
    page.close()
    return base64.b64decode(made.split(",")[1])


def main(folder: Path) -> None:
    """Writes the sheets."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("no Chromium: apt-get install chromium")
    samples = Samples(load())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for locale in LOCALES:
            made = {name: preview(on_disk(name.split(":")[0], locale), samples.notice(name), BRAND, URL).html for name in KINDS}
            for look, (width, scheme, shown) in LOOKS.items():
                pictures = {name: shot(browser, html, width, scheme) for name, html in made.items()}
                path = folder / f"{locale}-{look}.webp"
                path.write_bytes(webp(browser, sheet(browser, pictures, shown)))
                print(f"{path}: {path.stat().st_size // 1000} kB", flush=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images" / "notices")
