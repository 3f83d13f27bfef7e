"""Those who make up most of an exchange's stream: API traders with a steady hand, and passers-by who look in once.

They bring the load; the people of people.py bring the habits.
"""

import heapq
import itertools
import math
from collections.abc import Iterator
from random import Random
from typing import Any

from embedded.exchange import habits
from embedded.exchange.people import Person, person

Event = dict[str, Any]
TRADERS = 6
FIRST_TRADER, FIRST_PASSER_BY = 9_000_000, 10_000_000
"""Numbers of people; those with habits count from 0."""


def crowd(seed: int, start: float, rate: float, run: str) -> Iterator[tuple[float, Event]]:
    """About `rate` events a second from `start` on, in time order: two thirds from traders, the rest from passers-by."""
    traders = [_trader(person(seed, FIRST_TRADER + n, start), start, rate * 2 / 3 / TRADERS, run) for n in range(TRADERS)]
    return heapq.merge(*traders, _passers_by(seed, start, rate / 3, run), key=lambda one: one[0])


def _trader(p: Person, start: float, rate: float, run: str) -> Iterator[tuple[float, Event]]:
    rng = Random(f"vigil/trader/{p.user_id}/{run}")
    client = {"session_id": f"{p.user_id}-api", "ip": p.home_ip, "channel": "api", "api_key_id": f"{p.user_id}-key"}
    at = start
    for n in itertools.count():
        at += rng.expovariate(rate)
        event = habits.fill(p, at, p.trade * 20 * math.exp(rng.gauss(0, 0.4)), client, rng)
        event["event_id"] = event["order_id"] = f"{p.user_id}-{run}-{n}"
        event["action"] = rng.choices(("order", "fill", "cancel"), weights=(5, 3, 2))[0]
        yield at, event


def _passers_by(seed: int, start: float, rate: float, run: str) -> Iterator[tuple[float, Event]]:
    """Each logs in, looks around, trades a little. Nobody knows their habits, so nobody is told anything."""
    rng = Random(f"vigil/{seed}/passers-by/{run}")
    waiting: list[tuple[float, int, Event]] = []
    serial, at = itertools.count(), start
    for n in itertools.count():
        at += rng.expovariate(rate / 4)
        while waiting and waiting[0][0] <= at:
            due = heapq.heappop(waiting)
            yield due[0], due[2]
        p = person(seed, FIRST_PASSER_BY + n, start)
        p.user_id = f"{p.user_id}-{run}"
        client = rng.choice((p.computer, p.mobile)).client(p.home_ip, f"{p.user_id}-s")
        heapq.heappush(waiting, (at, next(serial), habits.login(p, at, client)))
        later = at
        for _ in range(rng.randint(1, 5)):
            later += rng.uniform(3, 30)
            heapq.heappush(waiting, (later, next(serial), habits.fill(p, later, p.trade * math.exp(rng.gauss(0, 0.7)), client, rng)))
