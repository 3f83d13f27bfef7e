"""Child processes that can't outlive us, and free ports on the loopback interface.

Each child leads a process group of its own, so that Ctrl-C in a terminal reaches only us and we end the children in the
order that loses nothing. Should we be killed without a chance to do so, the kernel ends them (Linux: PR_SET_PDEATHSIG).
"""

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
# Looked up before any fork: between fork and exec nothing may import or allocate locks.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_KEPT: deque[socket.socket] = deque(maxlen=128)


class ChildFailed(RuntimeError):
    """A child ended, or did not become ready; the message ends with the last lines of its log."""


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on, and that on Linux nobody else is given until some hundred others were asked for:
    whoever is to listen there may take seconds to start."""
    s = socket.socket()
    # A bound socket keeps the port from whoever asks for any port, and lets a server have it that names it, since both may share it.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", 0))
    port: int = s.getsockname()[1]
    if sys.platform == "linux":
        _KEPT.append(s)
    else:
        s.close()
    return port


def port_free(port: int) -> bool:
    """True when a server could listen on 127.0.0.1:port."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


async def answers(port: int) -> bool:
    """True when something accepts connections on 127.0.0.1:port."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 1)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def dies_with_parent(how: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """What a child runs between fork and exec (`preexec_fn`) so that it gets the signal `how` when the thread that started
    it ends. Start children from the main thread therefore: a helper thread's end would take them along."""
    parent = os.getpid()

    def ask() -> None:
        if _LIBC is None:
            return
        _LIBC.prctl(PR_SET_PDEATHSIG, int(how), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask


class Child:
    """One child process; its output goes to `log`, which is begun anew at each start."""

    def __init__(self, name: str, args: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None):
        self.name, self.args, self.log, self.env, self.cwd = name, [str(a) for a in args], log, env, cwd
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._popen.pid if self._popen else None

    @property
    def alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_status(self) -> int | None:
        """None while it runs or before it ran; negative: the signal that ended it."""
        return self._popen.poll() if self._popen else None

    def start(self) -> None:
        """Starts it and returns at once; `until` waits."""
        if self.alive:
            raise RuntimeError(f"{self.name} is running already")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "wb") as out:
            self._popen = subprocess.Popen(
                self.args, cwd=self.cwd, env=dict(self.env) if self.env is not None else None, stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=dies_with_parent(),
            )  # fmt: skip

    async def until(self, ready: Callable[[], "asyncio.Future[bool] | object"], timeout: float, pause: float = 0.03) -> None:
        """Waits until `await ready()` is true. ChildFailed when the child ends first or `timeout` seconds are over."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while True:
            if not self.alive:
                raise ChildFailed(f"{self.name} ended with status {self.exit_status} before it was ready\n{self.tail()}")
            answer = ready()
            if await answer if asyncio.iscoroutine(answer) or isinstance(answer, asyncio.Future) else answer:
                return
            if loop.time() > end:
                raise ChildFailed(f"{self.name} was not ready within {timeout:.0f} s\n{self.tail()}")
            await asyncio.sleep(pause)

    async def stop(self, timeout: float = 10, how: signal.Signals = signal.SIGTERM) -> int | None:
        """Asks with `how`, waits, then kills its whole group, so that nothing it started is left. Returns the exit status."""
        if self._popen is None:
            return None
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        if self.alive:
            self._popen.send_signal(how)
            while self.alive and loop.time() < end:
                await asyncio.sleep(0.02)
        self.kill()
        return self._popen.returncode

    def kill(self) -> None:
        """SIGKILL to it and to what it started in its group, at once."""
        if self._popen is None:
            return
        try:
            os.killpg(self._popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._popen.wait()

    def tail(self, lines: int = 12) -> str:
        """The last lines of its log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""
