"""An event loop in a thread of its own, so that servers go on while a test, sync or async, waits."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds until a condition that is waited for is given up. Where all is well that costs nothing, and a machine that does much else is slow."""


class Background:
    """`run(coroutine)` runs it there and waits for the outcome; `close()` ends the loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="background", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float = 2 * PATIENCE) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout)

    def close(self) -> None:
        async def end() -> None:
            left = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

        self.run(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()


def wait_until(
    condition: Callable[[], T], timeout: float = PATIENCE, what: str | Callable[[], str] = "the condition", pause: float = 0.05
) -> T:
    """Returns what `condition()` returns once that is true. AssertionError after `timeout` seconds, naming `what`."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout:.0f} s for {what() if callable(what) else what}")
        time.sleep(pause)
