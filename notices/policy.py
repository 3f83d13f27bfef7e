"""Policy: which findings a user is told of, how, and what the exchange is asked. Pure, in event time; `state` is all that it remembers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from domain.events import Event, Margin, Verdict
from domain.ids import notice_id, suspect_mark
from domain.messages import AccountAction, Finding, Medium, Notice, Reason
from domain.policy_rules import DAY, Rules
from domain.profile import Pending, UserState
from domain.severity import RANK
from notices.asks import as_actions, asked_with, lock, note_holds, release
from notices.contacts import contacts_of, note_replaced
from notices.threads import ending, note_thread, settle, thread_of
from notices.told import count_mail, forget, may_mail, remember, was_told

MAX_SUSPECTS = 16


class Decision(msgspec.Struct):
    """What comes of an event or a verdict. Findings are the ones given, each with the notice it is part of or why it is in none."""

    findings: list[Finding] = []
    notices: list[Notice] = []
    actions: list[AccountAction] = []


class Policy:
    """Decides by `rules` (config/notices.yaml).

    `late_after`: seconds after which an event is too old to be told. Its notice is made all the same, to be recorded as expired; but since
    its user reads nothing of it, it silences nothing that comes later, and nothing is asked of the exchange. None: no event is too old.
    """

    def __init__(self, rules: Rules | None = None, late_after: float | None = DAY) -> None:
        self.rules = rules or Rules()
        self._late_after = float("inf") if late_after is None else late_after
        self._order = {name: place for place, name in enumerate(self.rules.order)}

    def decide(self, event: Event, findings: Sequence[Finding], state: UserState, now: datetime) -> Decision:
        """What the findings that `event` brought lead to.

        Findings on one event make one notice. A story may complete on another event than the one that arrived last: it goes by the event
        that completes it in event time, so neither batches nor arrival order change an id. `state` is updated: state.policy, and the notice
        of each finding that waits in state.pending. `now` dates the notice and tells what has lapsed or is too old to be told; nothing else
        depends on it.
        """
        note_replaced(state.policy, event)
        decision = Decision()
        groups: dict[str, list[Finding]] = {}
        for finding in findings:
            if finding.suppressed is None:
                groups.setdefault(finding.event_id, []).append(finding)
            else:  # cleared by a verdict that came before its event: published, and nobody is asked again
                decision.findings.append(finding)
        for group in sorted(groups, key=lambda name: groups[name][0].occurred_at):
            self._tell(group, groups[group], event, state, now, decision)
        if decision.findings:
            _note_in_pending(state.pending, decision.findings)
        if thread := settle(event, state.policy, self.rules):
            decision.notices.append(ending(thread, event))
        return decision

    def concerns(self, event: Event, state: UserState) -> bool:
        """Whether an event without findings may end what its user is being told of."""
        return bool(state.policy.threads) and isinstance(event, Margin)

    def decide_verdict(
        self, verdict: Verdict, cleared: Sequence[Pending], condemned: Sequence[Pending], state: UserState, now: datetime
    ) -> Decision:
        """What a verdict leads to: what it cleared is released; a user's "not me" locks the account, whatever the severity. One that was
        said too long ago (a history is loaded) locks nothing: whoever said it was answered then."""
        actions = release(state.policy, cleared, verdict, now)
        for pending in condemned:
            forget(state.policy, pending.event_id)
        if verdict.label == "fraud" and verdict.source == "user" and not self._old(verdict.occurred_at, now):
            actions += lock(state.policy, verdict, condemned, now)
        return Decision(actions=actions)

    def _tell(self, group: str, findings: list[Finding], event: Event, state: UserState, now: datetime, decision: Decision) -> None:
        findings = sorted(findings, key=self._gravity)
        gravest = findings[0]
        user_id, at = gravest.user_id, gravest.occurred_at.timestamp()
        name = notice_id(group, user_id, gravest.detector)
        late = self._late(gravest, now)
        asked = [] if late else asked_with(gravest, self.rules, now)
        reasons = [was_told(state.policy, finding, self._window(finding.detector)) for finding in findings]
        if all(reasons):
            self._stay_silent(name, group, findings, [str(reason) for reason in reasons], state, now, decision)
            return
        if not late:
            remember(state.policy, findings, self._window)
        ids = list(dict.fromkeys([f.finding_id for f in findings] + _members(gravest, state.pending)))
        actions = as_actions(asked, user_id, group, ids, now)
        note_holds(state.policy, actions, gravest.finding_id, name)
        decision.actions += actions
        decision.findings += [msgspec.structs.replace(finding, notice_id=name, suppressed=None) for finding in findings]
        channels, digest = self._channels(gravest, state, at, late)
        expires = self.rules.kind(gravest.detector).expires
        thread = thread_of(gravest, self.rules)
        if expires is not None and not late:
            note_thread(state.policy, thread, at, at + expires)
        old, new = contacts_of(event, group, gravest, state.policy)
        decision.notices.append(
            Notice(
                notice_id=name,
                user_id=user_id,
                kind=gravest.detector,
                severity=gravest.severity,
                created_at=now,
                expires_at=None if expires is None else gravest.occurred_at + timedelta(seconds=expires),
                finding_ids=ids,
                channels=channels,
                occurred_at=gravest.occurred_at,
                group=group,
                answerable=self.rules.kind(gravest.detector).answerable,
                facts=_facts(findings),
                reasons=_reasons(findings),
                asked=asked,
                detectors={finding.detector: finding.version for finding in findings},
                config_hash=gravest.config_hash,
                source=gravest.source,
                old_contacts=old,
                new_contacts=new,
                digest=digest,
                thread=thread,
                suspects=_suspects(findings, state.pending),
            )
        )

    def _stay_silent(
        self, name: str, group: str, findings: list[Finding], reasons: list[str], state: UserState, now: datetime, decision: Decision
    ) -> None:
        """Nothing new for the user. A repeat of an event says what it said the first time. Another withdrawal that deserves a check is
        checked, told or not; one more of a story that the user knows is held like the first, under the notice that told of it."""
        if set(reasons) == {"repeat"}:
            decision.findings += [msgspec.structs.replace(finding, notice_id=name, suppressed=None) for finding in findings]
            return
        gravest = findings[0]
        known = _notice_of_hold(gravest, state)
        for finding, reason in zip(findings, reasons, strict=True):
            decision.findings.append(msgspec.structs.replace(finding, notice_id=known, suppressed=reason.replace("repeat", "cooldown")))
        asked = [] if self._late(gravest, now) else [one for one in asked_with(gravest, self.rules, now) if one.target]
        actions = as_actions(asked, gravest.user_id, group, [finding.finding_id for finding in findings], now)
        note_holds(state.policy, actions, gravest.finding_id, known or name)
        decision.actions += actions

    def _channels(self, gravest: Finding, state: UserState, at: float, late: bool) -> tuple[list[Medium], list[Medium]]:
        """Channels told at once, and those left to the digest."""
        kind = self.rules.kind(gravest.detector)
        channels = list(self.rules.severities[gravest.severity].channels)
        if kind.always_email and "email" not in channels:
            channels.insert(0, "email")
        if late or gravest.severity != "notice" or "email" not in channels:
            return channels, []
        throttle = self.rules.throttle
        if not kind.always_email and not may_mail(state.policy, at, throttle.emails, throttle.seconds):
            return [channel for channel in channels if channel != "email"], ["email"]
        count_mail(state.policy, at)
        return channels, []

    def _late(self, finding: Finding, now: datetime) -> bool:
        return self._old(finding.occurred_at, now)

    def _old(self, when: datetime, now: datetime) -> bool:
        return (now - when).total_seconds() > self._late_after

    def _window(self, detector: str) -> float:
        window = self.rules.kind(detector).cooldown
        return self.rules.cooldown if window is None else window

    def _gravity(self, finding: Finding) -> tuple[int, int, str]:
        return (-RANK[finding.severity], self._order.get(finding.detector, len(self._order)), finding.detector)


def _members(story: Finding, pending: Sequence[Pending]) -> list[str]:
    """Findings on the earlier events of a story: its notice is about them too."""
    events = set(story.story_events)
    return [found.finding_id for waiting in pending if waiting.event_id in events for found in waiting.found]


def _suspects(findings: Sequence[Finding], pending: Sequence[Pending]) -> list[str]:
    """Marks of the sessions and devices behind the findings, a story's earlier events included."""
    events = {event for finding in findings for event in (finding.event_id, *finding.story_events)}
    marks = {
        suspect_mark(kind, name)
        for waiting in pending
        if waiting.event_id in events
        for kind, name in (("session", waiting.session_id), ("device", waiting.device))
        if name
    }
    return sorted(marks)[:MAX_SUSPECTS]


def _notice_of_hold(finding: Finding, state: UserState) -> str | None:
    """The notice under which the story's latest withdrawal is held, while it is."""
    if not finding.story_events:
        return None
    at = finding.occurred_at.timestamp()
    live = [hold.notice_id for hold in state.policy.holds if hold.notice_id and at < hold.until]
    return live[-1] if live else None


def _facts(findings: Sequence[Finding]) -> dict[str, str]:
    """The gravest finding's facts win; the others add what it doesn't know."""
    facts: dict[str, str] = {}
    for finding in findings:
        for name, value in finding.facts.items():
            facts.setdefault(name, value)
    return facts


def _reasons(findings: Sequence[Finding]) -> list[Reason]:
    """Each feature once, the gravest finding's first."""
    reasons: dict[str, Reason] = {}
    for finding in findings:
        for reason in finding.reasons:
            reasons.setdefault(reason.feature, reason)
    return list(reasons.values())


def _note_in_pending(pending: Sequence[Pending], findings: Sequence[Finding]) -> None:
    """A verdict about a notice finds the events by the notice's id."""
    notices = {finding.finding_id: finding.notice_id for finding in findings if finding.notice_id}
    for waiting in pending:
        for found in waiting.found:
            found.notice_id = notices.get(found.finding_id, found.notice_id)
