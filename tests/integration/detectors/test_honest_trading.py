"""People who trade as people do are left alone: sizes with heavy tails, favourite markets, a market maker with a thousand fills a day."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec
import pytest

from detectors.cases import NamedSurroundings
from detectors.engine import Engine
from detectors.models.partition import Cohorts
from detectors.registry import Registry
from domain.events import Event
from domain.profile import UserState

pytestmark = pytest.mark.slow

START, DAY = 1_770_000_000.0, 86_400.0
MARKETS = [f"C{n}-USDT" for n in range(60)]
PEOPLE, DAYS = 30, 30
LEVERAGES: tuple[tuple[str | None, ...], ...] = ((None,), ("1", "2", "3"), ("5", "10"), ("2", "5", "10", "20"))


class Tape:
    """What a year of nobody's in particular looks like, drawn anew from a seed."""

    def __init__(self, seed: int):
        self.rng, self.events = Random(seed), list[tuple[float, dict[str, Any]]]()
        for n in range(PEOPLE):
            self._person(f"person{n}")
        self._maker("maker")
        self.events.sort(key=lambda pair: pair[0])

    def _person(self, user: str) -> None:
        rng = self.rng
        median, spread = math.exp(rng.gauss(5.5, 1.0)), rng.uniform(0.5, 1.2)
        favourites, leverages = rng.sample(MARKETS, rng.randint(1, 8)), rng.choice(LEVERAGES)
        curious, often = rng.random() * 0.05, math.exp(rng.gauss(0.0, 0.8))
        client = {"session_id": f"{user}-s", "device_id": user, "ip": "berlin"}
        for day in range(DAYS):
            while rng.random() < often / (1.0 + often):
                market = rng.choice(MARKETS if rng.random() < curious else favourites)
                at = START + day * DAY + rng.uniform(8.0, 23.0) * 3_600.0
                self._trade(user, at, market, median * math.exp(rng.gauss(0.0, spread)), client, 1e-3, "maker", rng.choice(leverages))

    def _maker(self, user: str) -> None:
        rng, client = self.rng, {"api_key_id": "maker-key", "ip": "vpn", "channel": "api"}
        for day in range(6):
            for _ in range(int(1_000 * math.exp(rng.gauss(0.0, 0.6)))):
                at, size = START + (DAYS - 6 + day) * DAY + rng.uniform(0.0, DAY), 100.0 * math.exp(rng.gauss(0.0, 1.0))
                self._trade(user, at, rng.choice(MARKETS[:20]), size, client, 4e-4, f"person{rng.randrange(PEOPLE)}")

    def _trade(
        self, user: str, at: float, market: str, usd: float, client: dict[str, str], spread: float, other: str, leverage: str | None = None
    ) -> None:
        """A fill about the mark; one in five hundred in a thin moment."""
        rng = self.rng
        mark = 100.0 * math.exp(0.05 * math.sin(at / DAY + len(market)))
        off = abs(rng.gauss(0.0, spread)) * (1 if rng.random() < 0.7 else -1) + (
            abs(rng.gauss(0.0, 0.012)) if rng.random() < 0.002 else 0.0
        )
        side = rng.choice(("buy", "sell"))
        price, name = mark * (1.0 + (off if side == "buy" else -off)), f"e{len(self.events)}"
        trade = {
            "type": "trade", "event_id": name, "user_id": user, "occurred_at": datetime.fromtimestamp(at, UTC).isoformat(),
            "order_id": name, "action": "fill", "market": market, "side": side, "quantity": f"{usd / mark:.8f}", "usd_value": f"{usd:.2f}",
            "price": f"{price:.6f}", "mark_price": f"{mark:.6f}", "counterparty_user_id": other, "client": client,
        }  # fmt: skip
        self.events.append((at, trade if leverage is None else trade | {"leverage": leverage}))


@pytest.mark.parametrize("seed", [1, 2])
def test_honest_traders_are_left_alone(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    """At notice and above at most one in a thousand days of a user; a new market is mentioned in the app now and then."""
    engine, states, found = Engine(Registry.load(), NamedSurroundings(), Cohorts()), defaultdict[str, UserState](UserState), Counter[str]()
    tape = Tape(seed)
    for _, raw in tape.events:
        outcome = engine.apply(msgspec.convert(raw, Event), states[raw["user_id"]])
        assert not outcome.errors
        found.update(f"{f.detector} {f.severity}" for f in outcome.findings)
    with capsys.disabled():
        print(f"\n  {len(tape.events)} trades of {len(states)} people: {dict(found) or 'nothing told'}")

    assert sum(number for name, number in found.items() if not name.endswith(" info")) <= PEOPLE * DAYS / 1_000
    assert found["trade_new_instrument info"] <= 40 * PEOPLE * DAYS / 1_000
