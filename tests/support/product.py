"""The product as its operator runs it: `worker.py worker` and `worker.py console` beside real parts, driven from outside."""

import json
import os
import secrets
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from embedded.processes import Child, free_port
from embedded.redis import Redis
from tests.support.background import PATIENCE, Background, wait_until
from tests.support.bus import Bus
from tests.support.sinks import SmsSink, SmtpSink
from tests.support.surroundings import lent

ROOT = Path(__file__).parents[2]


class Product:
    """Two SMTP servers, two SMS gateways, a Redis and a database of its own; any number of workers, a console.

    `brokers`: bootstrap string; each Product takes a topic prefix of its own, so that one broker serves many tests.
    """

    def __init__(
        self, background: Background, folder: Path, brokers: str, *, database: str = "", small_broker: bool = False, partitions: int = 4,
        settings: dict[str, str] | None = None, prefix: str = "",
    ):  # fmt: skip
        self.background, self.folder, self.brokers, self.partitions = background, folder, brokers, partitions
        self.prefix = prefix or f"t{secrets.token_hex(4)}."
        self.database = database or f"sqlite:///{folder}/vigil.db"
        self.small_broker, self.settings = small_broker, settings or {}
        self.smtp, self.smtp2 = SmtpSink(background), SmtpSink(background)
        self.sms, self.sms2 = SmsSink(background, token="token-one"), SmsSink(background, token="token-two")
        self.redis = Redis(folder / "redis")
        self.console_port, self.api_token, self.secret = free_port(), "api-" + secrets.token_hex(12), secrets.token_hex(32)
        self.workers: list[Child] = []
        self.console: Child | None = None
        self._bus: Bus | None = None
        self._metrics: dict[str, int] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.console_port}"

    @property
    def bus(self) -> Bus:
        assert self._bus, "start() first"
        return self._bus

    def start(self, workers: int = 1, console: bool = False) -> "Product":
        """Everything up and ready, topics made."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.background.run(self.redis.start())
        for sink in (self.smtp, self.smtp2, self.sms, self.sms2):
            sink.up()
        status, said = self.command("topics", "create")
        assert status == 0, said
        self._bus = Bus(self.background, self.brokers, self.prefix).open()
        started = [self.launch_worker() for _ in range(workers)]
        if console:
            self.start_console()
        for worker in started:
            self.await_ready(worker)
        return self

    def environment(self, name: str, **more: str) -> dict[str, str]:
        """What a process of the product gets. No process shares its data folder with another."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("VIGIL_")}
        return {
            **kept,
            "PYTHONUNBUFFERED": "1",
            "VIGIL_KAFKA__BROKERS": self.brokers,
            "VIGIL_KAFKA__TOPIC_PREFIX": self.prefix,
            "VIGIL_KAFKA__PARTITIONS": str(self.partitions),
            "VIGIL_KAFKA__SMALL_BROKER": str(self.small_broker).lower(),
            "VIGIL_REDIS__URL": self.redis.url,
            "VIGIL_DATABASE__URL": self.database,
            "VIGIL_EMAIL__URLS": json.dumps([self.smtp.url, self.smtp2.url]),
            "VIGIL_SMS__URLS": json.dumps([self.sms.url, self.sms2.url]),
            "VIGIL_CONSOLE__HOST": "127.0.0.1",
            "VIGIL_CONSOLE__PORT": str(self.console_port),
            "VIGIL_CONSOLE__PUBLIC_URL": self.url,
            "VIGIL_CONSOLE__API_TOKEN": self.api_token,
            "VIGIL_SECRET_KEY": self.secret,
            "VIGIL_DATA_DIR": str(lent(self.folder / "data" / name)),
            **self.settings,
            **more,
        }

    def launch_worker(self, *args: str, **env: str) -> Child:
        """Starts one more worker and returns at once; its health is on a port of its own."""
        name = f"worker-{len(self.workers) + 1}"
        self._metrics[name] = free_port()
        worker = self._child(name, "worker", *args, VIGIL_METRICS__PORT=str(self._metrics[name]), **env)
        self.workers.append(worker)
        return worker

    def await_ready(self, worker: Child, timeout: float = PATIENCE) -> None:
        """Until it says that it consumes."""
        said = lambda: any(line.strip() == "ready" for line in worker.log.read_text(errors="replace").splitlines())  # noqa: E731
        wait_until(lambda: said() or not worker.alive, timeout, lambda: f"{worker.name} to be ready\n{worker.tail()}")
        assert worker.alive, f"{worker.name} ended with {worker.exit_status}\n{worker.tail(40)}"

    def start_worker(self, *args: str, **env: str) -> Child:
        worker = self.launch_worker(*args, **env)
        self.await_ready(worker)
        return worker

    def metrics(self, worker: Child) -> str:
        """The worker's Prometheus page."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics[worker.name]}/metrics", timeout=30) as page:
            return page.read().decode()

    def start_console(self, **env: str) -> Child:
        self.console = self._child("console", "console", **env)
        self.background.run(self.console.until(lambda: _healthy(self.url), timeout=PATIENCE, pause=0.1))
        return self.console

    def command(self, *args: str, timeout: float = 2 * PATIENCE, **env: str) -> tuple[int, str]:
        """Runs `worker.py ARGS` to its end: (exit status, what it said)."""
        done = subprocess.run(
            [sys.executable, "worker.py", *args], cwd=ROOT, env=self.environment("command", **env), timeout=timeout,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
        return done.returncode, done.stdout

    def kill(self, worker: Child) -> None:
        """SIGKILL to it and to what it started."""
        worker.kill()

    def stop(self, worker: Child, timeout: float = PATIENCE) -> int | None:
        """SIGTERM, and its exit status."""
        return self.background.run(worker.stop(timeout, how=signal.SIGTERM))

    def mails(self, address: str) -> list:
        return sorted(self.smtp.to(address) + self.smtp2.to(address), key=lambda m: m.at)

    def texts(self, number: str) -> list:
        return sorted(self.sms.to(number) + self.sms2.to(number), key=lambda m: m.at)

    def logs(self) -> str:
        return "\n".join(p.read_text(errors="replace") for p in sorted((self.folder / "logs").glob("*.log")))

    def close(self) -> None:
        for child in [*self.workers, *([self.console] if self.console else [])]:
            child.kill()  # what a test has to say about ending it has said
        if self._bus:
            self._bus.close()
        for sink in (self.smtp, self.smtp2, self.sms, self.sms2):
            sink.recover()
            sink.down()
        self.background.run(self.redis.stop())

    def _child(self, name: str, *args: str, **env: str) -> Child:
        child = Child(
            name,
            [sys.executable, "worker.py", *args],
            cwd=ROOT,
            env=self.environment(name, **env),
            log=self.folder / "logs" / f"{name}.log",
        )
        child.start()
        return child


async def _healthy(url: str) -> bool:
    import asyncio

    def ask() -> bool:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
                return answer.status == 200
        except OSError:
            return False

    return await asyncio.to_thread(ask)
