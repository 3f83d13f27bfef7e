"""Everything that one machine needs, started in order, ready when said so, stopped in order."""

import asyncio
import json
import os
import secrets
import shlex
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from config.environment import for_child
from config.settings import Settings
from embedded import mailbox
from embedded.broker import Broker
from embedded.mailbox import Mail, MailCatcher
from embedded.processes import Child, ChildFailed, free_port, port_free
from embedded.redis import Redis
from embedded.sms_gateway import SmsGateway, Text

ROOT = Path(__file__).parents[1]
READY_WITHIN = 120.0
USUAL_BROKER_PORT = 9092
OURS = ("broker", "redis", "mailbox", "texts", "logs", "vigil.db*", "secret.key", "exchange.json", "environment")
"""What `--fresh` removes. Named one by one: whoever points VIGIL_DATA_DIR at a home directory shall keep the rest of it."""


class AlreadyRunning(RuntimeError):
    """Another embedded stack uses the same data folder."""


@dataclass(frozen=True)
class Folders:
    """Where the stack keeps its things, below VIGIL_DATA_DIR."""

    data: Path

    @property
    def texts(self) -> Path:
        return self.data / "texts"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def environment(self) -> Path:
        """While it runs: the settings by which other commands find its parts, for a shell to read."""
        return self.data / "environment"


class Stack:
    """`await start()`, `await stop()`. `settings` are the user's; `environment` is what the product's processes get on top of them."""

    def __init__(
        self,
        settings: Settings,
        *,
        fresh: bool = False,
        mail: Callable[[Mail], None] | None = None,
        text: Callable[[Text], None] | None = None,
    ):
        data = settings.data_dir.resolve()
        data.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(data / "run.lock")
        if fresh:
            _empty(data)
        self.folders = Folders(data)
        self.epoch = secrets.token_hex(6)
        self.broker = _broker(data)
        self.redis = Redis(data / "redis")
        self.mail = MailCatcher(mailbox.folder(data), heard=mail)
        self.sms = SmsGateway(self.folders.texts, heard=text)
        wanted = settings.console.port
        self.console_port = wanted if port_free(wanted) else free_port()
        self.secret = settings.secret_key.get_secret_value() or _kept_secret(data / "secret.key")
        self.api_token = settings.console.api_token.get_secret_value() or secrets.token_urlsafe(24)
        self.children: list[Child] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.console_port}"

    def environment(self) -> dict[str, str]:
        """The settings that make the product use these parts; complete once mail catcher and gateway listen."""
        data = self.folders.data
        return {
            "VIGIL_EMBEDDED": "true",
            "VIGIL_KAFKA__BROKERS": self.broker.address,
            "VIGIL_KAFKA__SMALL_BROKER": "true",
            "VIGIL_KAFKA__REPLICATION": "1",
            # The broker's offsets begin anew with each start; without this, what profiles have seen would hide new events.
            "VIGIL_KAFKA__EPOCH": self.epoch,
            "VIGIL_REDIS__URL": self.redis.url,
            "VIGIL_DATABASE__URL": f"sqlite:///{data}/vigil.db",
            "VIGIL_EMAIL__URLS": json.dumps([self.mail.url]),
            "VIGIL_SMS__URLS": json.dumps([self.sms.url]),
            "VIGIL_CONSOLE__HOST": "127.0.0.1",
            "VIGIL_CONSOLE__PORT": str(self.console_port),
            "VIGIL_CONSOLE__PUBLIC_URL": self.url,
            "VIGIL_CONSOLE__API_TOKEN": self.api_token,
            "VIGIL_SECRET_KEY": self.secret,
            "VIGIL_DATA_DIR": str(data),
        }

    async def start(self, said: Callable[[str], None] = lambda _: None) -> None:
        """Parts up, topics made, worker and console launched: events can be published. ChildFailed, with its log, for a part that wasn't
        ready in time; `stop` is still to be called then. `said` hears each step."""
        said("broker, Redis, mail catcher, SMS gateway")
        await asyncio.gather(self._start_broker(), self.redis.start(), self.mail.start(), self.sms.start())
        _write(self.folders.environment, as_shell(self.environment()))
        said("topics, console")
        self.console = self.launch("console")
        await self._command("topics", "create")
        said("worker")
        self.worker = self.launch("worker")

    async def ready(self) -> None:
        """Until the worker consumes and the console answers; ChildFailed as above."""
        worker, console = self.worker, self.console
        await asyncio.gather(
            worker.until(lambda: says_ready(worker.log), READY_WITHIN),
            console.until(lambda: healthy(self.url), READY_WITHIN, pause=0.1),
        )

    def launch(self, *command: str) -> Child:
        """Starts `worker.py COMMAND` beside the parts; stopped with the stack."""
        child = self._child(*command)
        self.children.append(child)
        child.start()
        return child

    async def _start_broker(self) -> None:
        try:
            await self.broker.start()
        except ChildFailed:
            if port_free(self.broker.port):
                raise
            self.broker = _broker(self.folders.data)  # somebody took the port between our look and its start
            await self.broker.start()

    def failed(self) -> Child | None:
        """A part that ended although nobody asked it to."""
        return next((c for c in (self.broker.child, self.redis.child, *self.children) if not c.alive), None)

    async def stop(self) -> None:
        """Producers of work first, what they write to last, so that nothing is left half done. Safe to call twice."""
        self.folders.environment.unlink(missing_ok=True)
        # The worker finishes what it sends before its broker, Redis and mail server go.
        await asyncio.gather(*(child.stop(timeout=20) for child in reversed(self.children)))
        await asyncio.gather(self.mail.stop(), self.sms.stop(), self.broker.stop(), self.redis.stop())
        self._lock.close()

    def kill(self) -> None:
        """Everything at once, for who presses Ctrl-C twice."""
        for child in (*self.children, self.broker.child, self.redis.child):
            child.kill()

    async def _command(self, *command: str) -> None:
        child = self._child(*command)
        child.start()
        try:
            await _ended(child)
        finally:
            child.kill()
        if child.exit_status:
            raise ChildFailed(f"worker.py {' '.join(command)} ended with status {child.exit_status}\n{child.tail(30)}")

    def _child(self, *command: str) -> Child:
        return Child(
            command[0], [sys.executable, "-u", ROOT / "worker.py", *command], log=self.folders.logs / f"{command[0]}.log", cwd=ROOT,
            env=for_child(self.environment()),
        )  # fmt: skip


def _broker(data: Path) -> Broker:
    """On the port where one looks for a broker, if it is free."""
    return Broker(data / "broker", USUAL_BROKER_PORT if port_free(USUAL_BROKER_PORT) else free_port())


def says_ready(log: Path) -> bool:
    """True when a line of this log is `ready`."""
    try:
        return any(line.strip() == b"ready" for line in log.read_bytes().splitlines())
    except FileNotFoundError:
        return False


async def healthy(url: str) -> bool:
    """True when /healthz answers 200."""

    def ask() -> bool:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310 (our own http address)
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    return await asyncio.to_thread(ask)


async def _ended(child: Child) -> None:
    while child.alive:
        await asyncio.sleep(0.03)


def _lock(path: Path) -> IO[str]:
    """Held as long as the file is open; the kernel lets go of it whatever happens to us."""
    import fcntl

    file = open(path, "w", encoding="utf-8")  # noqa: SIM115 (open on purpose)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise AlreadyRunning(
            f"another `run` uses {path.parent}; stop it, or give this one a folder of its own with VIGIL_DATA_DIR"
        ) from None
    return file


def _empty(data: Path) -> None:
    for entry in [found for pattern in OURS for found in data.glob(pattern)]:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _kept_secret(path: Path) -> str:
    """The key that signed and encrypted what this folder holds; made at the first start, readable by us alone."""
    if not path.exists():
        _write(path, secrets.token_hex(32))
    return path.read_text(encoding="utf-8").strip()


def as_shell(environment: Mapping[str, str]) -> str:
    """Lines that set these variables in a POSIX shell that reads them by `. FILE`."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())


def _write(path: Path, text: str) -> None:
    """Whole or not at all, for us alone to read."""
    beside = path.with_suffix(".tmp")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    beside.rename(path)
