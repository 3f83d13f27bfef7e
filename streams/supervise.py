"""`worker --role all`: one process of each role, started again when it ends, ended when we end."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from config.environment import for_child
from config.settings import Settings
from streams import http

log = logging.getLogger(__name__)

ROLES = ("detect", "notify", "train")
ENTRY = Path(__file__).parents[1] / "worker.py"
BACKOFF = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
GOOD = 60.0
"""Seconds after which a process counts as well: its next end is a first one again."""
DRAIN = 25.0
"""Seconds that a process has to finish what it has begun."""
JUST_BEGUN = 2.0
"""The same where one of them can't start at all: whoever mistyped a setting isn't kept waiting for the others."""
PR_SET_PDEATHSIG = 1
NOT_AS_IT_HAS_TO_BE = 78
"""Exit status of a role that starting again won't mend (EX_CONFIG of sysexits.h)."""
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None  # before any fork


class Child:
    """The process of one role."""

    def __init__(self, role: str, socket: Path):
        self.role, self.socket = role, socket
        self.process: subprocess.Popen[bytes] | None = None
        self.ends, self.started, self.due = 0, 0.0, 0.0
        self.refused = False
        """It ended because of something that starting it again won't mend; it has said what."""

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, str(ENTRY), "worker", "--role", self.role],
            env=for_child({"VIGIL_METRICS__SOCKET": str(self.socket)}),
            stdin=subprocess.DEVNULL, preexec_fn=_dies_with_us(),
        )  # fmt: skip

    def tend(self) -> None:
        """Starts it when it isn't running and its time has come."""
        if self.alive:
            return
        now = time.monotonic()
        if self.process is not None:
            self.refused = self.process.returncode == NOT_AS_IT_HAS_TO_BE
            status, self.process = self.process.returncode, None
            self.ends = 0 if now - self.started > GOOD else self.ends
            self.due = now + BACKOFF[min(self.ends, len(BACKOFF) - 1)]
            self.ends += 1
            log.error("the process of role %s ended with status %s; it is started again in %.1f s", self.role, status, self.due - now)
        if now >= self.due:
            self.start()

    async def page(self, path: str) -> http.Page:
        """A page of it; 503 where it doesn't answer."""
        try:
            return await http.fetch(self.socket, path)
        except (OSError, TimeoutError, ValueError):
            return 503, f"{self.role} does not answer\n"

    async def stop(self, drain: float = DRAIN) -> None:
        """SIGTERM, time to finish, SIGKILL."""
        if self.process is None:
            return
        if self.alive:
            self.process.terminate()
            end = time.monotonic() + drain
            while self.alive and time.monotonic() < end:
                await asyncio.sleep(0.05)
        if self.alive:
            log.error("the process of role %s does not end: killed", self.role)
            self.process.kill()
        self.process.wait()


def supervise(settings: Settings) -> int:
    """Runs until SIGTERM or SIGINT. Exit status."""
    folder = Path(tempfile.mkdtemp(prefix="vigil-"))
    try:
        return asyncio.run(_supervise(settings, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _supervise(settings: Settings, folder: Path) -> int:
    children = [Child(role, folder / f"{role}.sock") for role in ROLES if role != "train" or settings.models.enabled]
    stop = asyncio.Event()
    for how in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(how, stop.set)
    server = None
    if settings.metrics.port is not None:
        server = await http.serve(_pages(children), port=settings.metrics.port, host=settings.metrics.host)
    said = False
    try:
        while not stop.is_set():
            for child in children:
                child.tend()
            if not said and any(child.refused for child in children):
                return 1  # a wrong setting ends the start; later on, what runs goes on and what doesn't is tried again
            if not said and all([(await child.page("/readyz"))[0] == 200 for child in children]):
                print("ready", flush=True)
                said = True
            try:
                await asyncio.wait_for(stop.wait(), 0.2)
            except TimeoutError:
                pass
    finally:
        refused = not said and any(child.refused for child in children)
        await asyncio.gather(*(child.stop(JUST_BEGUN if refused else DRAIN) for child in children))
        if server is not None:
            server.close()
    return 0


def _pages(children: list[Child]) -> http.Pages:
    async def all_of(path: str) -> http.Page:
        answers = await asyncio.gather(*(child.page(path) for child in children))
        return max(status for status, _ in answers), "".join(text for _, text in answers)

    async def metrics() -> http.Page:
        return 200, merged(
            [text for status, text in await asyncio.gather(*(child.page("/metrics") for child in children)) if status == 200]
        )

    return {"/healthz": lambda: all_of("/healthz"), "/readyz": lambda: all_of("/readyz"), "/metrics": metrics}


def merged(pages: list[str]) -> str:
    """One Prometheus page of several: a metric's HELP and TYPE may stand only once, with all its samples below."""
    families: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for page in pages:
        name = ""
        for line in page.splitlines():
            if line.startswith("# "):
                name = line.split(" ", 3)[2]
                head = families.setdefault(name, [])
                if line not in head:
                    head.append(line)
            elif line:
                samples.setdefault(name, []).append(line)
    return "".join("\n".join([*head, *samples.get(name, [])]) + "\n" for name, head in families.items())


def _dies_with_us() -> Callable[[], None]:
    """For between fork and exec: the kernel kills the child when this process ends in whatever way (Linux)."""
    parent = os.getpid()

    def ask() -> None:
        if _LIBC is not None:
            _LIBC.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
            if os.getppid() != parent:  # it ended before we asked
                os._exit(1)

    return ask
