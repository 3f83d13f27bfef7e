"""How long a slow poisoner stays caught: an intruder in the owner's session who takes out more each day, with and without the protection.

    python -m benchmarks.poisoning [--accounts 30] [--days 120] [--raise 1.05] [--start 1.0 4.0] [--seed 7] [--keep FILE]

Protection: what raised a finding doesn't train, a young payee teaches little, and what nobody confirmed moves the usual no faster than
`growth` a month. Without it every withdrawal trains in full, as if each had been found genuine. Owners differ in size, spread and pace;
they go on living beside the intruder. Caught: a finding at warning or critical on the day's withdrawal.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from detectors.cases import NamedSurroundings
from detectors.engine import Engine
from detectors.registry import Registry
from domain.events import Event
from domain.profile import UserState
from domain.severity import RANK

ORIGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
LIVED = 120
"""Days of honest life before."""
UNPROTECTED = {"withdrawal_large": {"parameters": {"growth": 1e6, "young_days": 0.0}}}
OWN, THIEF = {"device_id": "laptop", "session_id": "s1"}, "TThiefsOwnAddress11111111111111111"


class Fate(msgspec.Struct):
    """What came of one intruder."""

    first: int | None = None
    """Day on which he was caught first, from 0."""
    caught: int = 0
    after: int = 0
    """Days from then on."""
    days: int = 0
    """On which he took something."""
    taken: float = 0.0
    """Before that, in the owner's median withdrawals."""
    for_good: int | None = None
    """Day from which on he was caught each day to the last."""
    at: float = 0.0
    """How many times the median he took then."""


def main() -> None:
    options = arguments()
    table = Table(
        "start",
        "protection",
        "caught at all",
        "first on day",
        "at",
        "taken until then",
        "days caught from then on",
        "each day from",
        "days caught of all",
    )
    kept = []
    for start in options.start:
        for protected in (True, False):
            row = figures(start, protected, [fate(options, start, protected, options.seed + n) for n in range(options.accounts)])
            kept.append(row)
            table.add_row(
                f"{start:g} x",
                "with" if protected else "without",
                f"{row['found']} of {row['accounts']}",
                said(row["first"], "{:.0f}"),
                said(row["at"], "{:.1f} x usual"),
                said(row["taken"], "{:,.0f} x usual"),
                said(row["after"], "{:.0%}"),
                said(row["each_day_from"], "{:.0f}") + f" ({row['for_good']} of {row['accounts']})",
                said(row["all"], "{:.0%}"),
            )
            print(f"start {start:g}, {'with' if protected else 'without'}: done", file=sys.stderr)
    print(f"{options.accounts} accounts, {options.days} days, {100 * (options.rate - 1):.0f} % more each day; medians over accounts")
    Console(width=120).print(table)
    if options.keep:
        options.keep.write_text(json.dumps(kept, indent=1) + "\n")


def figures(start: float, protected: bool, fates: list[Fate]) -> dict[str, Any]:
    """What came of all of them; `first`, `at`, `taken` and `each_day_from` are medians, None where there is none."""
    found = [f for f in fates if f.first is not None]
    good = [float(f.for_good) for f in fates if f.for_good is not None]
    return {
        "start": start,
        "protected": protected,
        "accounts": len(fates),
        "found": len(found),
        "first": middle([float(f.first or 0) for f in found]),
        "at": middle([f.at for f in found]),
        "taken": middle([f.taken for f in fates]),
        "after": round(sum(f.caught for f in found) / max(sum(f.after for f in found), 1), 4),
        "for_good": len(good),
        "each_day_from": middle(good),
        "all": round(sum(f.caught for f in fates) / max(sum(f.days for f in fates), 1), 4),
    }


def arguments() -> argparse.Namespace:
    a = argparse.ArgumentParser(prog="python -m benchmarks.poisoning", description=__doc__)
    a.add_argument("--accounts", type=int, default=30)
    a.add_argument("--days", type=int, default=120)
    a.add_argument("--raise", dest="rate", type=float, default=1.05)
    a.add_argument("--start", nargs="+", type=float, default=[1.0, 4.0])
    a.add_argument("--seed", type=int, default=7)
    a.add_argument("--keep", type=Path, help="the figures as JSON")
    return a.parse_args()


def fate(options: argparse.Namespace, start: float, protected: bool, seed: int) -> Fate:
    """One account's honest life, then the intruder's days in it."""
    registry = Registry.load()
    if not protected:
        registry = registry.configured(UNPROTECTED)
    engine, state, rng, result = Engine(registry, NamedSurroundings()), UserState(), random.Random(seed), Fate()
    usual, spread, pace = math.exp(rng.uniform(3.5, 8.0)), rng.uniform(0.2, 0.8), rng.uniform(0.15, 1.2)
    for _, raw, day in sorted(life(options, start, seed, rng, usual, spread, pace), key=lambda item: item[0]):
        event = msgspec.convert(raw, Event)
        outcome = engine.apply(event, state)
        grave = any(RANK[f.severity] >= RANK["warning"] for f in outcome.findings)
        if outcome.findings and (day is None or not protected):
            engine.apply(genuine(event), state)  # the owner's own are his own; without the protection everything is
        if day is not None:
            result.caught += grave
            result.days += 1
            if grave and result.first is None:
                result.first, result.at = day, start * options.rate**day
            result.after += result.first is not None
            result.for_good = None if not grave else day if result.for_good is None else result.for_good
            if result.first is None:
                result.taken += start * options.rate**day
    return result


def life(
    options: argparse.Namespace, start: float, seed: int, rng: random.Random, usual: float, spread: float, pace: float
) -> Iterator[tuple[float, dict[str, Any], int | None]]:
    """(time, event, day of the intruder's or None), in no order."""
    payees = [f"T{n}{seed}PayeeOfTheOwner1111111111111{n}{n}{n}" for n in range(3)]
    for day in range(LIVED + options.days):
        for _ in range(poisson(rng, pace)):
            at = day * 86_400.0 + rng.uniform(0, 36_000)
            yield at, withdrawal(seed, at, usual * math.exp(rng.gauss(0, spread)), usual, rng.choice(payees), "own"), None
        if day >= LIVED:
            at = day * 86_400.0 + 40_000
            amount = usual * start * options.rate ** (day - LIVED)
            yield at, withdrawal(seed, at, amount, max(usual, amount), THIEF, "thief"), day - LIVED


def withdrawal(seed: int, at: float, usd: float, scale: float, address: str, who: str) -> dict[str, Any]:
    moment = (ORIGIN + timedelta(seconds=at)).isoformat()
    name = f"{who}-{at:.0f}"
    return {
        "type": "transfer", "event_id": name, "user_id": f"u{seed}", "occurred_at": moment, "transfer_id": name, "direction": "withdrawal",
        "status": "requested", "asset": "USDT", "network": "TRON", "amount": f"{usd:.2f}", "usd_value": f"{usd:.2f}", "address": address,
        "balance_usd": f"{scale * 60:.2f}", "client": OWN,
    }  # fmt: skip


def genuine(event: Event) -> Event:
    raw = {"type": "verdict", "event_id": f"v-{event.event_id}", "user_id": event.user_id, "occurred_at": event.occurred_at.isoformat()}
    made: Event = msgspec.convert(raw | {"about": event.event_id, "label": "genuine", "source": "analyst", "by": "bench"}, Event)
    return made


def poisson(rng: random.Random, mean: float) -> int:
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count, product = count + 1, product * rng.random()
    return count


def middle(values: list[float]) -> float | None:
    return round(statistics.median(values), 3) if values else None


def said(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


if __name__ == "__main__":
    main()
