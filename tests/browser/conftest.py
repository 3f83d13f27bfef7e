"""A console that listens, and Chromium to open it with."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from console.app import application
from console.services import Services
from console.signin import COOKIE
from embedded.mailbox import Mailbox
from embedded.spool import Spool
from notices.compose import Composer
from tests.support.background import PATIENCE, wait_until
from tests.support.console import NOW, TOKENS, USERS, services

ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
expect.set_options(timeout=PATIENCE * 1000)
AXE = Path(__file__).parent / "axe" / "axe-4.14.1.min.js"


class Site:
    """A console of its own in a thread; `services` can be changed while it serves."""

    def __init__(self, folder: Path):
        self.services: Services = services(folder)
        # Bound here: between looking for a free port and listening there somebody else could take it.
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.services.public_url = self.url
        self.services.mailbox = _mailbox(folder, self.services)
        start = int(NOW.timestamp()) - 600
        self.services.rates.points.extend((start + 10 * n, 1200.0 + (37 * n) % 200) for n in range(60))
        config = uvicorn.Config(application(self.services), access_log=False, log_config=None, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._server.serve([self._socket])], daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started, what="the console to listen")

    def put(self, user_id: str, item: dict[str, Any]) -> None:
        """A notice arrives in the inbox, in the server's loop."""
        self._loop.call_soon_threadsafe(self.services.inbox.put, user_id, item)  # type: ignore[attr-defined]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self.services.store.close()


def _mailbox(folder: Path, made: Services) -> Mailbox:
    """One mail as it was sent, as the catcher keeps it."""
    spool = Spool(folder / "mails", ".eml", 10)
    spool.open()
    notice = made.store.notices(["n7"])["n7"]
    composed = Composer("Example Exchange", made.public_url).compose(notice, USERS[1], {"current": TOKENS["u7"]}, NOW)
    spool.add(next(each.payload for each in composed if each.channel == "email"))
    return Mailbox(folder / "mails")


@pytest.fixture(scope="session")
def chrome(chromium: str) -> Iterator[Browser]:
    """One browser for all tests; each opens its own context."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS, timeout=PATIENCE * 1000)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A filled console that the tests of a module only look at."""
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A filled console of the test's own."""
    made = Site(tmp_path)
    yield made
    made.close()


class Watched:
    """A page whose complaints are kept: script errors, refusals by the content security policy, failed requests."""

    def __init__(self, context: BrowserContext):
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", self._failed)

    def _failed(self, request: Request) -> None:
        """A stream that ends because one leaves the page is no failure."""
        if "ERR_ABORTED" not in str(request.failure):
            self.complaints.append(f"{request.url}: {request.failure}")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@pytest.fixture
def visit(chrome: Browser) -> Iterator[Callable[..., Watched]]:
    """`visit(site, width=390, scheme="dark", staff=True, script=True)`: a fresh page, signed in where asked."""
    contexts: list[BrowserContext] = []

    def make(site: Site, *, width: int = 1280, scheme: Any = "light", staff: bool = True, script: bool = True) -> Watched:
        context = chrome.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script)
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        if staff:
            context.add_cookies([{"name": COOKIE, "value": site.services.sessions.start("owner"), "url": site.url}])
        return Watched(context)

    yield make
    for context in contexts:
        context.close()
