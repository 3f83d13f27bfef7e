"""A limit on guessing, in this process: a bucket per client that fills again with time."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_network


class Guesses:
    """`allowed(client)` until `burst` wrong guesses were counted; one is forgiven every `1 / per_second` seconds.

    Bounded: the clients longest unseen are forgotten. An office behind one address shares a bucket, so be generous. An IPv6 address stands
    for its network of 64 bits: one reader has them all.
    """

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic, clients: int = 10_000):
        self.burst, self.per_second, self.clock, self.clients = burst, per_second, clock, clients
        self._wrong: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allowed(self, client: str) -> bool:
        return self._level(client) < self.burst

    def wrong(self, client: str) -> None:
        """Counts one wrong guess."""
        self._wrong[folded(client)] = (self._level(client) + 1, self.clock())
        self._wrong.move_to_end(folded(client))
        if len(self._wrong) > self.clients:
            self._wrong.popitem(last=False)

    def retry_after(self, client: str) -> int:
        """Seconds until the next guess is allowed, at least 1."""
        return max(1, int((self._level(client) - self.burst + 1) / self.per_second))

    def _level(self, client: str) -> float:
        level, at = self._wrong.get(folded(client), (0.0, 0.0))
        return max(0.0, level - (self.clock() - at) * self.per_second)


def folded(client: str) -> str:
    """The client that is counted: of an IPv6 address, alone or behind a word, the network; anything else is itself."""
    word, _, address = client.rpartition(" ")
    if ":" not in address:
        return client
    try:
        ip = IPv6Address(address.partition("%")[0])
    except ValueError:
        return client
    return f"{word} {ip.ipv4_mapped or ip_network((ip.packed, 64), strict=False)}".strip()
