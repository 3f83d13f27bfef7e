"""What is noticed of attacks in three grades, and how often honest people are disturbed, on a simulated exchange whose seeds nothing was
tuned on.

    python -m benchmarks.exchange_quality [--seeds 41 42] [--users 700] [--days 34] [--each 6]

Events go through the code that `score` runs, and through policy. Two readings:

- told: the notices that went out. Beyond what is promised anyway (a new device, browser, country, or a setting changed);
- risk: an attack counts as noticed where one of its events has a risk that honest people reach on at most 2 days of users in 1,000, their
  own new devices, journeys and changes left out.

Value saved: of the dollars that left in attacks, those whose withdrawal the exchange was asked to hold or check, and those that left an
hour or more after the owner was told.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.exchange_plot import plot
from benchmarks.exchange_world import Graded
from config.notices import load as notice_rules
from detectors.score import States, replay
from detectors.wiring import build_engine
from domain.events import Verdict
from domain.severity import RANK
from embedded.exchange.craft import GRADES
from embedded.exchange.world import DAY, Label
from notices.policy import Policy
from stores.geo import GeoSurroundings

ROOT = Path(__file__).parents[1]
PROMISED = frozenset(
    {"login_new_device", "login_new_browser", "login_new_country", "security_setting_changed", "margin_low", "margin_liquidation_near"}
)
GOALS = {"plain": (0.93, 0.95), "careful": (0.75, 0.95), "expert": (0.30, 0.80)}
ALLOWED = 2.0
OWN = frozenset({"new device", "travel", "own change", "first VPN", "recovery"})
"""Honest surprises that are promised a notice."""


class Attack(msgspec.Struct):
    """What came of one attack."""

    label: Label
    risk: float = 0.0
    found: set[str] = set()
    told: set[str] = set()
    """Kinds of notices."""
    told_at: float | None = None
    left: float = 0.0
    saved: float = 0.0
    gravest: str = ""


class Run:
    """One seed: attacks by id, and honest days of users with their worst risk and notices."""

    def __init__(self, seed: int, options: argparse.Namespace):
        self.seed = seed
        self.world = Graded(seed, options.users, options.days, options.learned, options.each)
        self.attacks: dict[str, Attack] = {}
        self.days: dict[tuple[str, int], float] = defaultdict(float)
        self.told: dict[tuple[str, int], set[str]] = defaultdict(set)
        self.kinds: Counter[str] = Counter()
        self.worst: dict[tuple[str, int], tuple[str, list[str]]] = {}
        self.criticals: list[str] = []
        self.user_days = 0.0
        self.events = 0

    def go(self) -> Run:
        """Everything once through, with its progress."""
        engine = build_engine(GeoSurroundings(None, None, ROOT / "var" / "geo"))
        policy, states, encode = Policy(notice_rules()), States(), msgspec.json.Encoder()
        shown, started = 0.0, time.process_time()
        lines = (encode.encode(event) for _, event in self.world.events())
        for event, outcome in replay(lines, engine, self._refused, states):
            self.events += 1
            at, state = event.at, states[event.user_id]
            if outcome.errors:
                print(f"{outcome.errors[0][0]}: {outcome.errors[0][1]!r}", file=sys.stderr)
            now = datetime.fromtimestamp(at, UTC)
            notices, actions = [], []
            if isinstance(event, Verdict):
                policy.decide_verdict(event, outcome.cleared, outcome.condemned, state, now)
            if outcome.findings:
                decision = policy.decide(event, outcome.findings, state, now)
                notices, actions = decision.notices, decision.actions
            if not isinstance(event, Verdict):
                self._note(event, at, outcome, notices, actions)
            if self.events % 2000 == 0 and time.process_time() - shown > 5:
                shown = time.process_time()
                done = (at - self.world.exchange.origin) / (self.world.end - self.world.exchange.origin)
                print(f"  {self.events:,} events, {max(done, 0):.0%}, {(shown - started) / self.events * 1e6:.0f} us each", file=sys.stderr)
        self.user_days = self._user_days()
        return self

    def _note(self, event: Any, at: float, outcome: Any, notices: list[Any], actions: list[Any]) -> None:
        label = self.world.exchange.truth.get(event.event_id) or self.world.sleepers.truth.get(event.event_id)
        if label is not None:
            attack = self.attacks.setdefault(label.attack_id, Attack(label))
            if label.user_id in label.attack_id or event.user_id in label.attack_id:
                self._attacked(attack, event, at, outcome, notices, actions)
        elif at >= self.world.start and at < self.world.begun.get(event.user_id, float("inf")):
            self._honest(event, at, outcome, notices)

    @staticmethod
    def _attacked(attack: Attack, event: Any, at: float, outcome: Any, notices: list[Any], actions: list[Any]) -> None:
        attack.risk = max(attack.risk, outcome.risk)
        attack.found |= {f.detector for f in outcome.findings}
        for notice in notices:
            if notice.severity != "info":
                attack.told |= {notice.kind}
                attack.told_at = at if attack.told_at is None else attack.told_at
                attack.gravest = max(attack.gravest or "info", notice.severity, key=lambda s: RANK[s])
        if event.__struct_config__.tag == "transfer" and event.direction == "withdrawal":
            usd = float(event.usd_value or 0)
            attack.left += usd
            asked = any(a.target == event.transfer_id and a.action in ("hold_withdrawal", "require_step_up") for a in actions)
            if asked or (attack.told_at is not None and at - attack.told_at >= 3600):
                attack.saved += usd

    def _honest(self, event: Any, at: float, outcome: Any, notices: list[Any]) -> None:
        day = (event.user_id, int(at // DAY))
        why = self.world.exchange.surprises.get(event.event_id) or self.world.sleepers.surprises.get(event.event_id)
        if why not in OWN and outcome.risk > self.days[day]:
            self.days[day] = outcome.risk
            self.worst[day] = (event.event_id, [f.detector for f in outcome.findings] or [event.__struct_config__.tag])
        for notice in notices:
            if notice.severity == "critical" and notice.kind not in PROMISED:
                self.criticals.append(f"{notice.kind} {notice.notice_id} {event.event_id} {why or ''}")
            if notice.severity != "info" and notice.kind not in PROMISED:
                self.told[day].add(notice.kind)
                self.kinds[f"{notice.kind} ({notice.severity})" + (f" [{why}]" if why else "")] += 1

    def _user_days(self) -> float:
        """Days of honest users after what was learned."""
        total = 0.0
        for p in self.world.exchange.people:
            total += (min(self.world.begun.get(p.user_id, self.world.end), self.world.end) - self.world.start) / DAY
        return total

    @staticmethod
    def _refused(number: int, reason: str) -> None:
        raise ValueError(f"line {number}: {reason}")


def figures(runs: list[Run]) -> dict[str, Any]:
    """Shares by grade and kind, alarms a thousand users a day."""
    user_days = sum(run.user_days for run in runs)
    risks = sorted((risk for run in runs for risk in run.days.values()), reverse=True)
    allowed = int(ALLOWED * user_days / 1000)
    threshold = max(risks[allowed] if allowed < len(risks) else 0.0, 1e-6)
    attacks = [attack for run in runs for attack in run.attacks.values()]
    grades = {grade: _shares([a for a in attacks if a.label.grade == grade], threshold) for grade in GRADES}
    kinds = {
        kind: {g: _shares([a for a in attacks if (a.label.attack, a.label.grade) == (kind, g)], threshold) for g in GRADES}
        for kind in dict.fromkeys(a.label.attack for a in attacks)
    }
    false_days = sum(len(run.told) for run in runs)
    return {
        "events": sum(run.events for run in runs),
        "user_days": round(user_days),
        "risk_threshold": threshold,
        "told_false_user_days_per_1000": round(1000 * false_days / user_days, 2),
        "wrong_criticals_per_1000": round(1000 * sum(len(run.criticals) for run in runs) / user_days, 3),
        "told_kinds": dict(sum((run.kinds for run in runs), Counter()).most_common(40)),
        "grades": grades,
        "kinds": kinds,
        "seeds": {str(run.seed): alone(run) for run in runs} if len(runs) > 1 else {},
    }


def alone(run: Run) -> dict[str, float]:
    """What a seed by itself comes to: how far they lie apart is how sure the figures are."""
    result = figures([run])
    return {grade: row["risk"] for grade, row in result["grades"].items()} | {
        name: result[name] for name in ("told_false_user_days_per_1000", "wrong_criticals_per_1000")
    }


def _shares(attacks: list[Attack], threshold: float) -> dict[str, Any]:
    left = sum(a.left for a in attacks)
    many = max(len(attacks), 1)
    return {
        "attacks": len(attacks),
        "risk": round(sum(a.risk > threshold for a in attacks) / many, 3),
        "told": round(sum(bool(a.told - PROMISED) for a in attacks) / many, 3),
        "told_at_all": round(sum(bool(a.told) for a in attacks) / many, 3),
        "warned": round(sum(RANK.get(a.gravest, 0) >= RANK["warning"] for a in attacks) / many, 3),
        "saved": round(sum(a.saved for a in attacks) / left, 3) if left else None,
    }


def show(result: dict[str, Any], runs: list[Run], detail: bool) -> None:
    """Tables on standard output."""
    out = Console(width=120)
    table = Table(
        "", "attacks", "risk at 2/1,000", "goal", "told beyond promised", "told", "warned", "value saved", title="Noticed, by grade"
    )
    for grade, row in result["grades"].items():
        goal = "/".join(f"{g:.2f}" for g in GOALS[grade])
        table.add_row(
            grade, *(str(row[k]) for k in ("attacks", "risk")), goal, *(str(row[k]) for k in ("told", "told_at_all", "warned", "saved"))
        )
    out.print(table)
    table = Table("kind", *GRADES, title="By kind: risk at 2/1,000 · told beyond promised · saved")
    for kind, by_grade in result["kinds"].items():
        table.add_row(
            kind, *(f"{r['risk']:.2f} · {r['told']:.2f} · {r['saved'] if r['saved'] is not None else '-'}" for r in by_grade.values())
        )
    out.print(table)
    out.print(
        {k: result[k] for k in ("events", "user_days", "risk_threshold", "told_false_user_days_per_1000", "wrong_criticals_per_1000")}
    )
    out.print(result["told_kinds"])
    out.print(result["seeds"])
    if not detail:
        return
    for run in runs:
        out.print(list(run.criticals))
        top = sorted(run.days.items(), key=lambda one: -one[1])[:40]
        for day, risk in top:
            out.print(f"{risk:.3f} {run.worst[day]} {run.world.surprises.get(run.worst[day][0], '')}")
        for attack in run.attacks.values():
            if attack.risk <= result["risk_threshold"]:
                out.print(
                    f"missed {attack.label.attack} {attack.label.grade} {attack.risk:.3f} {sorted(attack.found)} {attack.label.attack_id}"
                )


def main() -> None:
    """The command line."""
    a = argparse.ArgumentParser(
        prog="python -m benchmarks.exchange_quality", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    a.add_argument("--seeds", nargs="+", type=int, default=[41, 42])
    a.add_argument("--users", type=int, default=700)
    a.add_argument("--days", type=float, default=34)
    a.add_argument("--learned", type=float, default=20, help="days of habits before the first attack")
    a.add_argument("--each", type=int, default=6, help="attacks of each kind and grade")
    a.add_argument("--detail", action="store_true", help="the worst honest days, and what was missed")
    a.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "exchange-quality.json")
    options = a.parse_args()
    runs = []
    for seed in options.seeds:
        print(f"seed {seed}", file=sys.stderr)
        runs.append(Run(seed, options).go())
        print(f"seed {seed}: {alone(runs[-1])}", file=sys.stderr)
    result = figures(runs)
    show(result, runs, options.detail)
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_text(json.dumps(result, indent=1) + "\n")
    options.output.with_suffix(".svg").write_text(plot(result["grades"], GOALS))
    print(f"kept in {options.output} and .svg", file=sys.stderr)


if __name__ == "__main__":
    main()
