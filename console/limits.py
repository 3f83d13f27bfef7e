"""Limits on guessing: a bucket per client that fills again with time, counted by all consoles together.

While Redis is away each console counts by itself. The other choice, to refuse everybody, would keep staff out of the console during the
outage that they have to look into, and owners from saying "not me"; and what can be guessed is 128 bits long, or a password of twelve
characters behind Argon2id: that many consoles allow that many times the tries changes nothing for whoever guesses.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address, ip_network
from math import ceil
from typing import Protocol

from domain.ports import Unavailable

LONGEST = 200
"""Characters of a client."""


class Shared(Protocol):
    """Counts that all consoles have in common (stores.guesses.RedisGuesses)."""

    async def take(self, name: str, client: str, burst: int, per_second: float, more: int) -> int: ...


class Bucket:
    """This process's own count: `burst` wrong guesses; one is forgiven every `1 / per_second` seconds.

    Bounded: the clients longest unseen are forgotten. An office behind one address shares a bucket, so be generous. An IPv6 address stands
    for its network of 64 bits: one reader has them all.
    """

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic, clients: int = 10_000):
        self.burst, self.per_second, self.clock, self.clients = burst, per_second, clock, clients
        self._wrong: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> int:
        """Seconds until one more is allowed; 0 for now."""
        return max(0, ceil((self._level(client) + 1 - self.burst) / self.per_second))

    def add(self, client: str, more: int) -> None:
        """Counts `more` guesses; -1 takes one back."""
        self._wrong[folded(client)] = (max(0.0, self._level(client) + more), self.clock())
        self._wrong.move_to_end(folded(client))
        if len(self._wrong) > self.clients:
            self._wrong.popitem(last=False)

    def _level(self, client: str) -> float:
        level, at = self._wrong.get(folded(client), (0.0, 0.0))
        return max(0.0, level - (self.clock() - at) * self.per_second)


class Guesses:
    """A limit as the pages ask it. Counted here always, and together with the other consoles where `share` was called: when Redis goes
    away, nobody begins anew. Parameters as Bucket's."""

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic, clients: int = 10_000):
        self._own = Bucket(burst, per_second, clock, clients)
        self._name = ""
        self._shared: Shared | None = None

    def share(self, name: str, shared: Shared) -> None:
        """Counts with the other consoles from now on, under this name."""
        self._name, self._shared = name, shared

    async def wait(self, client: str) -> int:
        """Seconds until this client may guess again; 0 for now. Counts nothing."""
        return self._own.wait(client) or await self._ask(client, 0)

    async def take(self, client: str) -> int:
        """Counts one guess and says 0; or says how many seconds to wait, and counts nothing. Counting comes before whatever is guessed is
        looked at where that takes time: else all who ask at once would find room."""
        if wait := self._own.wait(client):
            return wait
        self._own.add(client, 1)
        if wait := await self._ask(client, 1):
            self._own.add(client, -1)
        return wait

    async def give_back(self, client: str) -> None:
        """It was no wrong guess after all."""
        self._own.add(client, -1)
        await self._ask(client, -1)

    async def _ask(self, client: str, more: int) -> int:
        if self._shared is None:
            return 0
        try:
            return await self._shared.take(self._name, folded(client), self._own.burst, self._own.per_second, more)
        except Unavailable:
            return 0


async def take_all(limits: Sequence[tuple[Guesses, str]]) -> int:
    """Counts one in each (limit, client) and says 0; where one of them is full, counts in none and says how many seconds to wait."""
    for place, (limit, client) in enumerate(limits):
        if wait := await limit.take(client):
            for other, one in limits[:place]:
                await other.give_back(one)
            return wait
    return 0


def folded(client: str) -> str:
    """The client that is counted: of an IPv6 address, alone or behind a word, the network; anything else is itself, cut where it is longer
    than any address, name or id: what a stranger sends is kept for a while."""
    client = client[:LONGEST]
    word, _, address = client.rpartition(" ")
    if ":" not in address:
        return client
    try:
        ip = IPv6Address(address.partition("%")[0])
    except ValueError:
        return client
    return f"{word} {ip.ipv4_mapped or ip_network((ip.packed, 64), strict=False)}".strip()
