"""A provider of Apprise's own (Twilio), posting to a server of ours."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from apprise.plugins.twilio import NotifyTwilio

from embedded.processes import free_port
from notices.deliver.outcome import Outcome, Refused, Sent, Unavailable
from notices.deliver.registry import providers
from tests.support.background import Background
from tests.support.outbox import rendered

URL = "twilio://AC" + "a" * 32 + ":" + "b" * 32 + "@14155550100"


class Api:
    """Answers each post with `status`, and keeps it."""

    def __init__(self) -> None:
        self.status, self.posts, self.port = 201, [], free_port()
        self._runner: Any = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/{tail:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.posts.append(dict(await request.post()))
        return web.json_response({"sid": "SM1", "message": "told to"}, status=self.status)


@pytest.fixture
def api(background: Background, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    made = Api()
    background.run(made.start())
    monkeypatch.setattr(NotifyTwilio, "notify_sms_url", f"http://127.0.0.1:{made.port}/{{sid}}/Messages.json", raising=False)
    yield made
    background.run(made.stop())


def test_a_text_goes_to_its_one_recipient(api: Api):
    """The number of the notice, not one of the URL; the text whole. The id that callbacks speak of is kept."""
    (provider,) = providers("sms", [URL])

    assert provider.attempt(rendered(1, "sms", payload="新设备 [red-fox]".encode())) == Sent("SM1")
    assert [(post["To"], post["Body"]) for post in api.posts] == [("+886912000001", "新设备 [red-fox]")]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, Refused("twilio: HTTP 400")),
        (429, Unavailable("twilio: HTTP 429", whole=False)),
        (503, Unavailable("twilio: HTTP 503")),
    ],
)
def test_its_no_is_told_apart(api: Api, status: int, expected: Outcome):
    """By the HTTP status, which Apprise only logs."""
    api.status = status
    (provider,) = providers("sms", [URL])

    assert provider.attempt(rendered(1, "sms")) == expected


def test_a_server_that_is_away_is_unavailable(api: Api, background: Background):
    """No status, so: later."""
    background.run(api.stop())
    (provider,) = providers("sms", [URL])

    assert isinstance(provider.attempt(rendered(1, "sms")), Unavailable)
