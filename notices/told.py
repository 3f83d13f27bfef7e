"""What a user was told lately: cooldown by subject, and the budget of e-mails at severity notice. Event time throughout."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from hashlib import blake2b

from domain.messages import Finding
from domain.policy_state import PolicyState
from domain.severity import RANK

MAX_TOLD = 64
MAX_MAILS = 32


def fingerprint(*parts: str | None) -> int:
    """63 bits that stand for a name of any length."""
    text = "\x00".join(part or "" for part in parts)
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1


def subject_key(finding: Finding) -> int:
    """The unit of cooldown: what a detector saw, and about what."""
    return fingerprint(finding.detector, finding.subject)


def was_told(state: PolicyState, finding: Finding, window: float) -> str | None:
    """Why the user needn't be told of the finding: `repeat` (this very event was told), `cooldown`; None when it is news.

    A subject is told again once its window is over, or when it became graver. Late events count like punctual ones: the distance in event
    time decides, in either direction.
    """
    told = state.told.get(subject_key(finding))
    if told is None:
        return None
    at, (when, rank, event) = finding.occurred_at.timestamp(), told
    if RANK[finding.severity] > rank:
        return None
    if event == fingerprint(finding.event_id):
        return "repeat"
    return "cooldown" if abs(at - when) < window else None


def remember(state: PolicyState, findings: Sequence[Finding], window: Callable[[str], float]) -> None:
    """Notes that the user is told of these; `window`: the cooldown of a detector, after which an earlier severity counts no more."""
    for finding in findings:
        key, at, rank = subject_key(finding), finding.occurred_at.timestamp(), RANK[finding.severity]
        event = fingerprint(finding.event_id)
        before = state.told.get(key)
        if before is not None:
            when = before[0]
            rank = max(rank, before[1]) if abs(at - when) < window(finding.detector) else rank
            at, event = (at, event) if at >= when else (when, before[2])
        state.told[key] = (at, rank, event)
    while len(state.told) > MAX_TOLD:
        del state.told[min(state.told, key=lambda k: state.told[k])]


def forget(state: PolicyState, event_id: str) -> None:
    """What was told of this event counts no more: it turned out to be fraud, and is told again should it come again."""
    event = fingerprint(event_id)
    for key in [key for key, told in state.told.items() if told[2] == event]:
        del state.told[key]


def may_mail(state: PolicyState, at: float, limit: int, seconds: float) -> bool:
    """Whether one more e-mail at severity notice fits into every span of `seconds` around `at`."""
    near = [when for when in state.mails if abs(when - at) < seconds]
    earlier, later = sum(when <= at for when in near), sum(when > at for when in near)
    return max(earlier, later) < limit


def count_mail(state: PolicyState, at: float) -> None:
    """Notes an e-mail at severity notice."""
    insort(state.mails, at)
    del state.mails[:-MAX_MAILS]
