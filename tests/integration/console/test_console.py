"""The console's own process over real Redis: push, sign-in, what it says of itself, how it ends."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from console.sessions import Sessions, Signer
from console.staff import StaffFile
from domain import profile
from domain.checkcode import CHECK_CODES, CheckCodes
from domain.events.user import User
from domain.ports import Token
from domain.profile import UserState
from domain.status import Heartbeat
from embedded.processes import free_port
from embedded.redis import Redis
from ledger.book import Book
from ledger.keys import Keyring
from notices.compose import Composer
from notices.deliver.inapp import item
from stores.directory import RedisDirectory
from stores.inbox import RedisInbox
from stores.redis_client import connect, connect_async
from stores.redis_profiles import PREFIX
from stores.sql.store import open_store
from stores.status import beat
from tests.support.background import PATIENCE, Background, wait_until
from tests.support.console import API_TOKEN, SECRET, TOKENS, USERS, finding, notice

ROOT = Path(__file__).parents[3]


class Console:
    """`worker.py console` as an operator runs it."""

    def __init__(self, folder: Path, redis_url: str, name: str = "console"):
        self.port = free_port()
        self.log = folder / f"{name}.log"
        kept = {key: value for key, value in os.environ.items() if not key.startswith("VIGIL_")}
        settings = {
            "VIGIL_REDIS__URL": redis_url, "VIGIL_DATABASE__URL": f"sqlite:///{folder}/vigil.db", "VIGIL_SECRET_KEY": SECRET,
            "VIGIL_CONSOLE__PORT": str(self.port), "VIGIL_CONSOLE__PUBLIC_URL": self.url, "VIGIL_CONSOLE__API_TOKEN": API_TOKEN,
            "VIGIL_DATA_DIR": str(folder / name), "VIGIL_EMBEDDED": "true",
        }  # fmt: skip
        command = [sys.executable, "worker.py", "console"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=kept | settings, stdout=self.log.open("wb"), stderr=subprocess.STDOUT)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ready(self) -> "Console":
        wait_until(
            lambda: self.status("/readyz") == 200 or self.process.poll() is not None, what=lambda: f"the console\n{self.log.read_text()}"
        )
        assert self.process.poll() is None, self.log.read_text()
        return self

    def open(self, path: str, data: bytes | None = None, **headers: str) -> Any:
        return urllib.request.urlopen(urllib.request.Request(self.url + path, data=data, headers=headers), timeout=PATIENCE)

    def status(self, path: str, data: bytes | None = None, **headers: str) -> int:
        try:
            with self.open(path, data, **headers) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@pytest.fixture
def console(tmp_path: Path, redis_server: Redis) -> Iterator[Console]:
    """Up and ready, over an empty Redis and database."""
    made = Console(tmp_path, redis_server.url).ready()
    yield made
    made.end()


BEARER = {"Authorization": f"Bearer {API_TOKEN}"}


def test_a_notice_is_pushed(console: Console, redis_server: Redis) -> None:
    """From the sender's put to the exchange's backend."""
    inbox = RedisInbox(connect(redis_server.url), Keyring(SECRET).box("inbox"))
    lines: list[str] = []

    def listen() -> None:
        with console.open("/api/inbox/u%2F7/stream", **BEARER) as stream:
            for line in stream:
                lines.append(line.decode().strip())
                if line.startswith(b"data") and b"n1" in line:
                    return

    reader = threading.Thread(target=listen, daemon=True)
    reader.start()
    wait_until(lambda: 'data: {"unread":0}' in lines, what="the stream to stand")
    inbox.put("u/7", json.dumps({"notice_id": "n1", "title": "新设备", "created_at": "2026-11-22T10:00:00Z"}).encode())
    reader.join(PATIENCE)

    assert json.loads(lines[-1].removeprefix("data: "))["title"] == "新设备"
    with console.open("/api/inbox/u%2F7", **BEARER) as page:
        assert json.load(page)["unread"] == 1
    assert console.status("/api/inbox/u%2F7/n1/read", b"", **BEARER) == 200
    assert console.status("/api/inbox/u%2F7") == 401


def test_a_message_is_checked_answered_and_voted_on(console: Console, tmp_path: Path, redis_server: Redis) -> None:
    """The code that a worker writes into a mail is the one that the console knows; what the owner says of it reaches whoever shows the inbox."""
    now = datetime.now(UTC)
    keyring = Keyring(SECRET)
    codes = CheckCodes(keyring.key(CHECK_CODES))
    store = open_store(f"sqlite:///{tmp_path}/vigil.db", Book(SECRET))
    about = notice(
        "n1042", finding("f", "login_new_device", "notice", "e", "u1042", 0, {"device": "Chrome on Windows"}), ["email", "inapp"]
    )
    rendered = Composer("Example Exchange", console.url, check_code=codes.of).compose(about, USERS[0], {"current": TOKENS["u1042"]}, now)
    with store.transaction(now) as transaction:
        transaction.add_notice(about, rendered, tokens=[Token(TOKENS["u1042"], "current")], answer_until=now + timedelta(hours=1))
    RedisInbox(connect(redis_server.url), keyring.box("inbox")).put("u1042", item(next(r for r in rendered if r.channel == "inapp")))
    heard: list[Any] = []

    def listen() -> None:
        with console.open("/api/inbox/u1042/stream", **BEARER) as stream:
            for line in stream:
                heard.append(line)
                if b'"case":"C-' in line:
                    return

    threading.Thread(target=listen, daemon=True).start()
    wait_until(lambda: any(line.startswith(b"data") for line in heard), what="the stream to stand")
    sent = next(r.payload for r in rendered if r.channel == "email")
    pasted = message_from_bytes(sent, policy=policy.default).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    with console.open("/api/notices/check", json.dumps({"user_id": "u1042", "text": pasted}).encode(), **BEARER) as answer:
        checked = json.load(answer)
    with console.open("/api/notices/check/u1042/page", b"", **BEARER) as answer:
        path = json.load(answer)["url"].removeprefix(console.url)
    with console.open(path, b"text=" + codes.of("n1042").encode()) as answer:
        page = answer.read().decode()
    assert console.status(f"/n/{TOKENS['u1042']}", b"answer=not_me") == 200
    assert console.status("/api/inbox/u1042/n1042/helpful", b'{"helpful": true}', **BEARER) == 200
    wait_until(lambda: any(b'"case":"C-' in line for line in heard), what="the case to be pushed")
    store.close()

    assert [found["notice_id"] for found in checked["notices"]] == ["n1042"]
    assert "Yes, we sent you this notice" in page
    assert codes.of("n1042") not in console.log.read_text()
    assert "u1042" not in console.log.read_text()


def test_a_one_time_link_counts_once_for_all_consoles(console: Console, tmp_path: Path, redis_server: Redis) -> None:
    """Also when several stand behind one address."""
    other = Console(tmp_path, redis_server.url, "other").ready()
    link = Sessions(Signer(SECRET), StaffFile(None), True).one_time_link("")
    try:
        assert [console.status(link), other.status(link), console.status(link)] == [200, 410, 410]
    finally:
        other.end()


def test_pages_read_redis(console: Console, redis_server: Redis, background: Background) -> None:
    """Lamp, profile and directory record."""
    client = connect(redis_server.url)
    RedisDirectory(client, Keyring(SECRET).box("directory")).put_many([User(user_id="u7", email="seven@mail.example", locale="ja")])
    state = UserState()
    state.habits.login.count = 214
    client.set(f"{PREFIX}u7", profile.encode(state))

    async def speak() -> None:
        connection = connect_async(redis_server.url)
        soon = time.time() + 60  # fresh for a while, however long the page takes
        await beat(connection, Heartbeat(worker="vm-1", role="detect", at=soon, events_per_second=12.0, partitions=4))
        await beat(connection, Heartbeat(worker="gone", role="detect", at=time.time() - 3600, partitions=9))
        await connection.aclose()

    background.run(speak())
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    link = Sessions(Signer(SECRET), StaffFile(None), True).one_time_link(console.url)
    overview = opener.open(link, timeout=PATIENCE).read().decode()
    page = opener.open(f"{console.url}/users/u7", timeout=PATIENCE).read().decode()

    assert 'data-state="lit"' in overview
    assert "4 partitions" in overview
    assert "214 logins" in page
    assert "s••••@mail.example" in page
    assert "seven@mail.example" not in page


def test_answers_are_taken_while_redis_is_away(console: Console, tmp_path: Path, redis_server: Redis, background: Background) -> None:
    """What must not wait needs SQL alone; the rest says that it can't be had."""
    now = datetime.now(UTC)
    store = open_store(f"sqlite:///{tmp_path}/vigil.db", Book(SECRET))
    about = notice("n1042", finding("f", "login_new_device", "notice", "e", "u1042", 0, {"device": "Chrome on Windows"}), ["inapp"])
    token = Token(TOKENS["u1042"], "current")
    with store.transaction(now) as transaction:
        rendered = Composer("Example Exchange", console.url).compose(about, USERS[0], {"current": token.token}, now)
        transaction.add_notice(about, rendered, tokens=[token], answer_locale="en", answer_until=now + timedelta(hours=1))
    background.run(redis_server.stop())

    assert console.status("/readyz") == 503
    assert console.status("/healthz") == 200
    assert console.status("/api/inbox/u1042/stream", **BEARER) == 503
    assert console.status(f"/n/{token.token}") == 200
    assert console.status(f"/n/{token.token}", b"answer=not_me") == 200
    assert console.status(f"/n/{token.token}", b"answer=me") == 409
    found = store.answers.of_notice("n1042")
    store.close()
    assert found is not None
    assert found.answer == "not_me"
    written = console.log.read_text()
    assert token.token not in written
    assert '"route":"answer"' in written
    assert "/n/" not in written
    assert "u1042" not in written


def test_it_ends_when_asked_also_with_readers_connected(console: Console) -> None:
    """Whoever listens."""
    stream = console.open("/api/inbox/u7/stream", **BEARER)
    assert stream.readline()

    assert console.end() in (0, -signal.SIGTERM)


def test_without_a_secret_it_does_not_start(tmp_path: Path, redis_server: Redis) -> None:
    """And says what to set."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("VIGIL_")}
    settings = {
        "VIGIL_REDIS__URL": redis_server.url,
        "VIGIL_DATABASE__URL": f"sqlite:///{tmp_path}/v.db",
        "VIGIL_CONSOLE__PORT": str(free_port()),
    }
    command = [sys.executable, "worker.py", "console"]
    ran = subprocess.run(command, cwd=ROOT, env=kept | settings, capture_output=True, text=True, timeout=PATIENCE, check=False)

    assert ran.returncode == 1
    assert "VIGIL_SECRET_KEY" in ran.stderr
    assert "Traceback" not in ran.stderr
