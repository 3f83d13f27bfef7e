"""Notices that go on about one thing: the stages of a story, a margin account. A newer one takes the place of older ones that were not sent
yet, answers the first one's mail and replaces its item in the app; when the thing is over, nothing takes their place: nobody is warned of a
margin that has recovered since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from domain.events import Event, Margin
from domain.ids import notice_id
from domain.messages import Finding, Notice
from domain.policy_rules import Rules
from domain.policy_state import PolicyState
from notices.told import fingerprint

MAX_THREADS = 8
STORY = "story:"
"""How the thread of a story begins; then its kind and its first event."""
RECOVERED = "margin_recovered"
"""The kind of a record that only ends a thread: nobody is told of it."""


def thread_of(finding: Finding, rules: Rules) -> str:
    """The thread of a finding's notice: of a story the story, else its family and the fact that tells threads of the family apart; '' for a
    notice by itself."""
    if finding.story_events:
        return f"{STORY}{finding.detector}:{finding.story_events[0]}"
    name = finding.facts.get(rules.kind(finding.detector).thread, "")
    return f"{_family(finding.detector)}:{name}" if name else ""


def note_thread(state: PolicyState, thread: str, at: float, until: float) -> None:
    """Remembers that the user is told of the thread, and until when that is worth recalling."""
    if not thread:
        return
    state.threads[fingerprint(thread)] = (at, until)
    while len(state.threads) > MAX_THREADS:
        del state.threads[min(state.threads, key=lambda name: state.threads[name][1])]


def settle(event: Event, state: PolicyState, rules: Rules) -> str:
    """The thread that the event ends, '' for none: a margin account that its owner was warned of is out of danger."""
    if not isinstance(event, Margin) or not state.threads:
        return ""
    thread = f"margin:{event.account[:128]}"
    told = state.threads.get(fingerprint(thread))
    below = rules.kind("margin_low").settled_below
    if told is None or below is None or event.at < told[0] or _percent(event) >= below:
        return ""
    del state.threads[fingerprint(thread)]
    return thread if event.at < told[1] else ""


def ending(thread: str, event: Event) -> Notice:
    """What recalls the thread's unsent notices. It has no channel."""
    return Notice(
        notice_id=notice_id(event.event_id, event.user_id, RECOVERED),
        user_id=event.user_id,
        kind=RECOVERED,
        severity="info",
        created_at=event.occurred_at,
        expires_at=None,
        finding_ids=[],
        channels=[],
        occurred_at=event.occurred_at,
        group=event.event_id,
        answerable=False,
        thread=thread,
    )


def replaced(fresh: Iterable[Notice]) -> Iterator[tuple[Notice, str, list[str]]]:
    """Of each thread among new notices: its latest, why unsent older ones are told no more, and the ids of those among `fresh`."""
    threads: dict[tuple[str, str], list[Notice]] = {}
    for notice in sorted((one for one in fresh if one.thread), key=lambda one: one.occurred_at):
        threads.setdefault((notice.user_id, notice.thread), []).append(notice)
    for *older, last in threads.values():
        reason = f"a newer notice took its place: {last.notice_id}" if last.channels else "over before it was sent"
        yield last, reason, [one.notice_id for one in older]


def _family(kind: str) -> str:
    return kind.partition("_")[0]


def _percent(event: Margin) -> float:
    """Maintenance margin / equity in percent; nothing left of the equity is no recovery."""
    equity, maintenance = Decimal(event.equity_usd), Decimal(event.maintenance_margin_usd)
    if maintenance <= 0:
        return 0.0
    return float(maintenance / equity) * 100.0 if equity > 0 else 1000.0
