"""Runs the cases of the .yml files: `history:` through the engine, then `event:`, and what the detector said of it.

A case is data, no mock: its entries are events as they come from the exchange, with what is the same in all of them left out.

- `at`: time before the event, `-30d`, `-2h30m`, `-90s` (the event is at noon, Wednesday 4 March 2026, UTC); `every` and `repeat` make a
  row of it. `arrival: listed`: in the order of the list instead of event time.
- `ip`: an address, or a place by name (PLACES); a case may add its own under `places`. `user_agent`: `Chrome 142 on Windows`.
- `partition: true`: with the models that all users of a partition share; without, there are none.
- `crowd`: what is known across accounts beforehand: `{kind, key, members: how many, at}`.
- `lists`: address -> name of the list that holds it.
- `user_id`: whose event it is, `u1` unless told. Each user has a state of his own; all share one crowd.
- `{n}` in a text of a row is the number of the event in it, from 0: `user_id: victim{n}` is another user each time.
- `fires`: true or false; `warming_up: true`: it must say so; `expect`: severity, subject, reasons, facts, score of the finding.

The other detectors are switched off: they learn and count, and what they would say doesn't keep the history from being learned.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any

import msgspec

from detectors.engine import Engine, Outcome
from detectors.models.partition import Cohorts
from detectors.registry import Entry, Registry
from domain.crowd import MemoryCrowd
from domain.events import Event, Transfer
from domain.place import NO_AGENT, NOWHERE, Agent, Place
from domain.profile import UserState

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
PLACES = {
    "berlin": Place("DE", "Berlin", 52.52, 13.41, 3320, "Deutsche Telekom"),
    "munich": Place("DE", "Munich", 48.14, 11.58, 3209, "Vodafone Deutschland"),
    "munich_telekom": Place("DE", "Munich", 48.14, 11.58, 3320, "Deutsche Telekom"),
    "potsdam": Place("DE", "Potsdam", 52.40, 13.06, 6805, "Telefonica Germany"),
    "london": Place("GB", "London", 51.51, -0.13, 2856, "British Telecommunications"),
    "tokyo": Place("JP", "Tokyo", 35.69, 139.69, 2516, "KDDI"),
    "taipei": Place("TW", "Taipei", 25.05, 121.53, 3462, "Chunghwa Telecom"),
    "lagos": Place("NG", "Lagos", 6.45, 3.39, 29465, "MTN Nigeria"),
    "newyork": Place("US", "New York", 40.71, -74.01, 701, "Verizon"),
    "vpn": Place("NL", "Amsterdam", 52.37, 4.90, 9009, "M247", shared_exit=True, exit_kind="vpn"),
    "vpn_tokyo": Place("JP", "Tokyo", 35.69, 139.69, 9009, "M247", shared_exit=True, exit_kind="vpn"),
    "tor": Place("DE", "", None, None, 60729, "Relay association", shared_exit=True, exit_kind="tor"),
}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "login": {"outcome": "success"},
    "transfer": {
        "direction": "withdrawal",
        "status": "requested",
        "asset": "USDT",
        "network": "TRON",
        "amount": "100",
        "address": "TKnownPayeeOfThisAccount1111111111",
    },
    "trade": {"action": "fill", "market": "BTC-USDT", "side": "buy", "quantity": "0.01", "usd_value": "500"},
    "account_change": {},
    "margin": {"account": "cross", "equity_usd": "1000", "maintenance_margin_usd": "100"},
    "verdict": {"by": "u1"},
}


class CaseResult(msgspec.Struct, frozen=True):
    """How one case went; `problem` says what was otherwise than expected, None when all was as it should be."""

    detector: str
    case: str
    problem: str | None


class NamedSurroundings:
    """Places by name, agents as `Chrome 142 on Windows`."""

    def __init__(self, places: Mapping[str, Place] = PLACES, lists: Mapping[str, str] | None = None):
        self.places, self.lists = places, lists or {}

    def place(self, ip: str | None) -> Place:
        return self.places.get(ip or "", NOWHERE)

    def agent(self, user_agent: str | None) -> Agent:
        if not user_agent:
            return NO_AGENT
        software, _, system = user_agent.partition(" on ")
        family, _, version = software.rpartition(" ")
        if not version.isdigit():
            family, version = software, ""
        return Agent(family, version, system, f"{family} on {system}" if system else family)

    def listed(self, address: str) -> str:
        return self.lists.get(address, "")


def run(registry: Registry, ids: Iterable[str] = ()) -> list[CaseResult]:
    """The cases of these detectors and stories, of all when none is named. Raises KeyError for an id that there isn't."""
    entries = [registry.entries[name] for name in ids] or list(registry.entries.values())
    return [CaseResult(entry.id, str(case.get("name", "?")), run_case(registry, entry, case)) for entry in entries for case in entry.cases]


def run_case(registry: Registry, entry: Entry, case: Mapping[str, Any]) -> str | None:
    """What was otherwise than expected, None when nothing was."""
    try:
        outcome = play(registry, entry, case)
    except (msgspec.ValidationError, ValueError, KeyError, TypeError) as error:
        return f"the case can't be played: {error}"
    return _judge(entry, case, outcome)


def play(registry: Registry, entry: Entry, case: Mapping[str, Any]) -> Outcome:
    """The outcome of the case's event after its history."""
    places = PLACES | {name: msgspec.convert(place, Place) for name, place in (case.get("places") or {}).items()}
    models = Cohorts() if case.get("partition") else None
    engine = Engine(registry.only(entry.id), NamedSurroundings(places, case.get("lists")), models, fill(MemoryCrowd(), case))
    states: defaultdict[str, UserState] = defaultdict(UserState)
    for event in history(case):
        outcome = engine.apply(event, states[event.user_id])
        if outcome.errors:
            raise ValueError(f"{outcome.errors[0][0]} raised {outcome.errors[0][1]!r} in the history")
    event = _event(case["event"], NOON, "event")
    return engine.apply(event, states[event.user_id])


def fill(crowd: MemoryCrowd, case: Mapping[str, Any]) -> MemoryCrowd:
    """The crowd with what the case says is known beforehand."""
    for known in case.get("crowd") or []:
        for n in range(known["members"]):
            crowd.add(known["kind"], known["key"], f"m{n}", NOON.timestamp() + _span(known["at"]))
    return crowd


def history(case: Mapping[str, Any]) -> Iterator[Event]:
    """The events before, in event time unless the case says `arrival: listed`."""
    made: list[tuple[float, int, Event]] = []
    for entry in case.get("history") or []:
        fields = dict(entry)
        start, every = _span(fields.pop("at")), _span(fields.pop("every", "0s"))
        for n in range(int(fields.pop("repeat", 1))):
            at = NOON + timedelta(seconds=start + n * every)
            made.append((at.timestamp(), len(made), _event(_numbered(fields, n), at, f"h{len(made)}")))
            fields.pop("event_id", None)
    if case.get("arrival") != "listed":
        made.sort(key=lambda item: item[:2])
    yield from (event for _, _, event in made)


def run_and_print(ids: Iterable[str] = ()) -> int:
    """For the command line: one line a case that failed and one in all; 1 when any failed, 2 for an unknown id."""
    registry = Registry.load()
    try:
        results = run(registry, ids)
    except KeyError as error:
        name = str(error.args[0])
        near = ", ".join(get_close_matches(name, registry.entries, 3))
        print(
            f"there is no detector {name}; {f'near it: {near}' if near else 'python worker.py detectors list names them'}", file=sys.stderr
        )
        return 2
    failed = [result for result in results if result.problem]
    for result in failed:
        print(f"FAIL {result.detector}: {result.case}: {result.problem}")
    detectors = len({result.detector for result in results})
    print(f"{len(results) - len(failed)} of {len(results)} cases of {detectors} detector{'s' if detectors != 1 else ''} as they should be")
    return 1 if failed else 0


def _event(fields: Mapping[str, Any], at: datetime, name: str) -> Event:
    fields = dict(fields)
    at = at + timedelta(seconds=_span(fields.pop("at"))) if "at" in fields else at
    raw = {**_DEFAULTS.get(fields["type"], {}), "event_id": name, "user_id": "u1", "occurred_at": at.isoformat(), **fields}
    if raw["type"] == "transfer":
        raw.setdefault("transfer_id", f"t-{raw['event_id']}")
        raw.setdefault("usd_value", raw["amount"])
    if raw["type"] == "trade":
        raw.setdefault("order_id", f"o-{raw['event_id']}")
    event: Event = msgspec.convert(raw, Event)
    if isinstance(event, Transfer) and event.direction == "withdrawal" and not event.address:
        raise ValueError("a withdrawal needs an address")
    return event


def _numbered(value: Any, n: int) -> Any:
    """With the number of the event in its row for `{n}`."""
    if isinstance(value, dict):
        return {name: _numbered(inner, n) for name, inner in value.items()}
    return value.replace("{n}", str(n)) if isinstance(value, str) else value


def _span(text: Any) -> float:
    """Seconds of `-1d12h`; signed by its first character."""
    words = str(text).strip()
    parts = _SPAN.findall(words)
    if not parts or "".join(n + u for n, u in parts) != words.lstrip("+-"):
        raise ValueError(f"expected a time such as -30d or -2h30m, not {text!r}")
    seconds = sum(float(n) * _UNITS[u] for n, u in parts)
    return -seconds if words.startswith("-") else seconds


def _judge(entry: Entry, case: Mapping[str, Any], outcome: Outcome) -> str | None:
    if outcome.errors:
        return f"{outcome.errors[0][0]} raised {outcome.errors[0][1]!r}"
    found = next((f for f in outcome.findings if f.detector == entry.id), None)
    if bool(case.get("fires")) != (found is not None):
        return (
            f"expected {'a finding' if case.get('fires') else 'silence'}, got {found.score if found else f'none (risk {outcome.risk:.2f})'}"
        )
    if case.get("warming_up", False) and not outcome.warming_up:
        return "expected it to say that it is warming up"
    if found is None:
        return None
    for name, wanted in (case.get("expect") or {}).items():
        got: Any = {"reasons": [r.feature for r in found.reasons], "facts": found.facts}.get(name, getattr(found, name, None))
        if name == "facts":
            got = {key: got.get(key) for key in wanted}
        if (isinstance(wanted, float) and abs(got - wanted) > 0.005) or (not isinstance(wanted, float) and got != wanted):
            return f"expected {name} {wanted!r}, got {got!r}"
    return None
