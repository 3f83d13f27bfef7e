"""`backtest`: a candidate configuration beside today's, over the same history in one pass; nothing is sent."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from config.notices import load as load_notices
from detectors.engine import Engine
from detectors.score import BROKEN, PROGRESS_SECONDS, Problems, States, bare, can_be_read, open_lines
from domain.decode import Rejected, decode_any
from domain.events import Event, Verdict
from domain.messages import Notice
from notices.policy import Policy

SHOWN = 20
"""Rows of who would be told what; JSON has all."""


class Side:
    """One configuration with states of its own, and what came of it."""

    def __init__(self, engine: Engine, policy: Policy):
        self.engine, self.policy, self.states = engine, policy, States()
        self.hits: Counter[str] = Counter()
        self.verdicts: dict[str, Counter[str]] = {}
        """Findings that a verdict spoke about: detector -> label -> count."""
        self.channels: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.told: Counter[tuple[str, str, str]] = Counter()
        """Messages by user, kind of notice and channel."""
        self.errors: Counter[str] = Counter()
        self._detectors: dict[str, list[str]] = {}

    def take(self, event: Event) -> list[Notice]:
        """Applies one event; the notices that it leads to."""
        state = self.states[event.user_id]
        if isinstance(event, Verdict):
            self._judge(event)
        outcome = self.engine.apply(event, state)
        self.errors.update(detector for detector, _ in outcome.errors)
        if isinstance(event, Verdict):
            self.policy.decide_verdict(event, outcome.cleared, outcome.condemned, state, event.occurred_at)
        if not outcome.findings or outcome.repeated:
            return []
        self.hits.update(finding.detector for finding in outcome.findings)
        decision = self.policy.decide(event, outcome.findings, state, event.occurred_at + timedelta(milliseconds=1))
        for finding in outcome.findings:
            for name in (finding.event_id, finding.finding_id):
                self._detectors.setdefault(name, []).append(finding.detector)
        for notice in decision.notices:
            self._detectors[notice.notice_id] = sorted(notice.detectors)
            self.kinds[notice.kind] += 1
            for channel in notice.channels:
                if channel not in notice.suppressed:
                    self.channels[channel] += 1
                    self.told[notice.user_id, notice.kind, channel] += 1
        return decision.notices

    def _judge(self, verdict: Verdict) -> None:
        for detector in self._detectors.get(verdict.about, ()):
            self.verdicts.setdefault(detector, Counter())[verdict.label] += 1

    def users(self) -> set[str]:
        """Who would be told anything."""
        return {user for user, _, _ in self.told}

    def as_row(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "hits": dict(sorted(self.hits.items())),
            "verdicts": {name: dict(labels) for name, labels in sorted(self.verdicts.items())},
            "notices": dict(sorted(self.kinds.items())),
            "channels": dict(sorted(self.channels.items())),
            "users_told": len(self.users()),
            "detector_errors": dict(self.errors),
        }


def compare(events: Iterable[Event], today: Engine, candidate: Engine) -> dict[str, Any]:
    """What each configuration finds and tells; which users are told by one of them alone; and who would be told what by which channel
    where that differs."""
    rules = load_notices()
    sides = {"today": Side(today, Policy(rules, None)), "candidate": Side(candidate, Policy(rules, None))}
    count, users = 0, set()
    for event in events:
        count += 1
        users.add(event.user_id)
        for side in sides.values():
            side.take(event)
    rows = {name: side.as_row() for name, side in sides.items()}
    only = {
        "only_today": sorted(sides["today"].users() - sides["candidate"].users()),
        "only_candidate": sorted(sides["candidate"].users() - sides["today"].users()),
        "changes": [
            {"user_id": user, "notice": kind, "channel": channel, "today": before, "candidate": after}
            for user, kind, channel in sorted({*sides["today"].told, *sides["candidate"].told})
            if (before := sides["today"].told[user, kind, channel]) != (after := sides["candidate"].told[user, kind, channel])
        ],
    }
    return {"events": count, "users": len(users), **rows, **only}


def backtest(paths: Sequence[str], today: Engine, candidate: Engine, *, as_json: bool = False) -> int:
    """For the command line. Exit status 1 when a line or a part of a file could not be taken. Raises ValueError, before anything is done,
    for a file that isn't there or can't be opened, SettingsError for config/notices.yaml."""
    can_be_read(paths)
    problems = Problems()
    found = compare(_events(paths, problems), today, candidate)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        _print(found)
    return problems.end()


def _events(paths: Sequence[str], problems: Problems) -> Iterator[Event]:
    for path in paths:
        problems.file = path
        started = shown = time.monotonic()
        try:
            with open_lines(path) as lines:
                for number, line in enumerate(lines, 1):
                    line = bare(line, number)
                    if line:
                        try:
                            yield decode_any(line)
                        except Rejected as error:
                            problems.refused(number, str(error))
                    if not number % 100 and time.monotonic() - shown >= PROGRESS_SECONDS:
                        shown = time.monotonic()
                        print(f"{path}: {number:,} lines, {number / (shown - started):,.0f} a second", file=sys.stderr)
        except BROKEN as error:
            problems.say(f"{path}: can't be read: {error}")


def _print(found: dict[str, Any]) -> None:
    console = Console(width=None if sys.stdout.isatty() else 400)  # piped, each row stays on one line
    console.print(f"{found['events']:,} events of {found['users']:,} users")
    if not found["events"]:
        return
    today, candidate = found["today"], found["candidate"]
    for title, part in (("detector", "hits"), ("notice", "notices"), ("channel", "channels")):
        table = Table(box=None, pad_edge=False)
        table.add_column(title)
        for name in ("today", "candidate", "change"):
            table.add_column(name, justify="right")
        for name in sorted({*today[part], *candidate[part]}):
            before, after = today[part].get(name, 0), candidate[part].get(name, 0)
            table.add_row(name, f"{before:,}", f"{after:,}", f"{after - before:+,}" if after != before else "")
        console.print()
        console.print(table if table.row_count else f"no {title} in either")
    console.print(f"\nusers told: {today['users_told']:,} today, {candidate['users_told']:,} with the candidate;", end=" ")
    console.print(f"{len(found['only_today']):,} would no longer be told, {len(found['only_candidate']):,} would be told anew")
    _print_changes(console, found["changes"])
    if today["verdicts"] or candidate["verdicts"]:
        console.print()
    for name in sorted({*today["verdicts"], *candidate["verdicts"]}):
        shown = " | ".join(
            f"{side}: {found[side]['verdicts'].get(name, {}).get('fraud', 0)} fraud, "
            f"{found[side]['verdicts'].get(name, {}).get('genuine', 0)} genuine"
            for side in ("today", "candidate")
        )
        console.print(f"verdicts about {name}: {shown}")


def _print_changes(console: Console, changes: Sequence[dict[str, Any]]) -> None:
    """Who would be told what; the first of them where they are many."""
    if not changes:
        return
    table = Table(box=None, pad_edge=False)
    for title in ("user", "notice", "channel"):
        table.add_column(title)
    for title in ("today", "candidate"):
        table.add_column(title, justify="right")
    for row in changes[:SHOWN]:
        table.add_row(row["user_id"], row["notice"], row["channel"], str(row["today"]), str(row["candidate"]))
    console.print()
    console.print(table)
    if len(changes) > SHOWN:
        console.print(f"... and {len(changes) - SHOWN:,} more (--json shows all)")
