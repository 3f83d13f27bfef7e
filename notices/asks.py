"""What the exchange is asked to do, and how it is taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from domain.events import Verdict
from domain.ids import action_id
from domain.messages import AccountAction, Action, Asked, Finding
from domain.policy_rules import Rules
from domain.policy_state import Hold, PolicyState
from domain.profile import Pending
from notices.told import fingerprint

MAX_HOLDS = 16
MAX_ASKED = 48


def asked_with(finding: Finding, rules: Rules, now: datetime) -> list[Asked]:
    """What goes to the exchange with a notice whose gravest finding this is: what the operator set for its kind, else what its detector
    asks for, else what its severity brings. What has lapsed already (an old event) isn't asked, and no notice claims it."""
    until = finding.occurred_at + timedelta(seconds=rules.hold)
    if until <= now:
        return []
    rule = rules.kind(finding.detector).asks
    if rule is None and finding.asks:
        asked = [_aimed(action, finding.facts, until) for action in finding.asks]
        return list(dict.fromkeys(one for one in asked if one is not None))
    ask = rule if rule is not None else rules.severities[finding.severity].asks
    if ask == "nothing":
        return []
    one = _aimed("hold_withdrawal" if ask == "hold" else "require_step_up", finding.facts, until)
    return [one] if one else []


def _aimed(action: Action, facts: Mapping[str, str], until: datetime) -> Asked | None:
    """The action with its target; None where there is nothing to aim at."""
    transfer = facts.get("transfer_id")
    if action == "hold_withdrawal" and transfer:
        return Asked(action, transfer, until)
    if action in ("hold_withdrawal", "require_step_up"):
        return Asked(
            "require_step_up", transfer, until
        )  # a hold needs a withdrawal to name; where there is none yet, the next one is checked
    if action == "disable_api_key":
        key = facts.get("api_key")
        return Asked(action, key, None) if key else None
    return Asked(action, facts.get("session_id") if action == "revoke_sessions" else None, None)


def as_actions(asked: Iterable[Asked], user_id: str, group: str, finding_ids: Sequence[str], now: datetime) -> list[AccountAction]:
    """The messages to the exchange."""
    return [
        AccountAction(
            action_id=action_id(one.action, user_id, one.target, group),
            user_id=user_id,
            action=one.action,
            target=one.target,
            finding_ids=list(finding_ids),
            requested_at=now,
            expires_at=one.expires_at,
        )
        for one in asked
    ]


def note_holds(state: PolicyState, actions: Iterable[AccountAction], finding_id: str, notice_id: str) -> None:
    """Remembers what is held and for which finding, so that a verdict on that finding can release it. Not for the story's earlier findings:
    whoever clears the sign-in by a link in the mailbox has not cleared the withdrawal."""
    for action in actions:
        if action.action != "hold_withdrawal" or action.target is None or action.expires_at is None:
            continue
        state.holds = [hold for hold in state.holds if hold.transfer_id != action.target]
        state.holds.append(Hold(action.target, action.expires_at.timestamp(), [finding_id], notice_id))
    del state.holds[:-MAX_HOLDS]


def release(state: PolicyState, cleared: Iterable[Pending], verdict: Verdict, now: datetime) -> list[AccountAction]:
    """Takes back the holds whose findings are cleared; those that lapsed by themselves are forgotten."""
    ids = {found.finding_id for pending in cleared for found in pending.found}
    actions = []
    kept = []
    for hold in state.holds:
        if hold.until <= now.timestamp():
            continue
        if ids.isdisjoint(hold.finding_ids):
            kept.append(hold)
            continue
        actions.append(_action("release", verdict.user_id, hold.transfer_id, hold.notice_id or verdict.about, hold.finding_ids, now))
    state.holds = kept
    return actions


def lock(state: PolicyState, verdict: Verdict, condemned: Sequence[Pending], now: datetime) -> list[AccountAction]:
    """The user's "not me": the account is frozen and every session revoked, once, whether it is said of event, finding or notice."""
    found = [one for pending in condemned for one in pending.found]
    names = {
        verdict.about,
        *(pending.event_id for pending in condemned),
        *(one.finding_id for one in found),
        *(one.notice_id for one in found),
    }
    keys = {fingerprint("lock", name) for name in names if name}
    if not keys.isdisjoint(state.asked):
        return []
    state.asked += sorted(keys)
    del state.asked[:-MAX_ASKED]
    ids = [one.finding_id for one in found]
    case = verdict.case if verdict.source == "user" else None
    return [_action(action, verdict.user_id, None, verdict.about, ids, now, case) for action in _LOCK]


_LOCK: tuple[Action, ...] = ("freeze_account", "revoke_sessions")


def _action(
    action: Action, user_id: str, target: str | None, cause: str, finding_ids: Sequence[str], now: datetime, case: str | None = None
) -> AccountAction:
    return AccountAction(
        action_id=action_id(action, user_id, target, cause),
        user_id=user_id,
        action=action,
        target=target,
        finding_ids=list(dict.fromkeys(finding_ids)),
        requested_at=now.astimezone(UTC),
        expires_at=None,
        case=case,
    )
