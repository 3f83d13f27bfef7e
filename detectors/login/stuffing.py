"""What the detectors of credential stuffing share: accounts that failed, and that signed in, from one place within the hour."""

from __future__ import annotations

from detectors.base import NORMAL, Score, Sighting
from detectors.login import sight
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.messages import Reason
from domain.statistics import count_tail, surprise

FAILED = ("wrong_password", "wrong_mfa", "blocked", "unknown_user")
_USUAL = 0.15
"""Share of accounts with a failure that is taken for usual at least: people forget passwords, and try from where they are."""
_CLUMPED = 2.0
"""Variance over mean of honest failures: they come in clumps (a changed password on all devices of a household)."""


def score(seen: Sighting, habits: Habits, scope: str, key: str, minimum: int) -> Score:
    """How improbable it is that so many of the accounts that tried from there failed. NORMAL from a device and network of the account's."""
    login, at = habits.login, seen.event.at
    if not key or seen.event.outcome != "success" or (sight.device_known(seen, login) and sight.network_known(seen, login)):
        return NORMAL
    me = str(fingerprint(seen.event.user_id))
    failed = {member for member, _ in seen.crowd.members(f"failed-{scope}", key, at)} - {me}
    if len(failed) < minimum:
        return NORMAL
    entered = {member for member, _ in seen.crowd.members(f"entered-{scope}", key, at)} - failed | {me}
    usual = seen.cohort.attempts.usual(at) if seen.cohort is not None else None
    mean = max(usual or 0.0, _USUAL) * (len(failed) + len(entered))
    value = surprise(count_tail(len(failed), mean, mean * _CLUMPED))
    if value <= 0:
        return NORMAL
    reasons = [Reason("accounts", len(failed), f"<= {mean:.0f}", value)]
    return Score(value=value, reasons=reasons, subject=key[:128], facts=sight.facts(seen) | {"accounts": str(len(failed))})


def count(seen: Sighting, scope: str, key: str) -> None:
    """Counts the account among those that failed, or signed in, from there."""
    if key:
        kind = "failed" if seen.event.outcome in FAILED else "entered"
        seen.crowd.add(f"{kind}-{scope}", key, str(fingerprint(seen.event.user_id)), seen.event.at)


def sets(seen: Sighting, scope: str, key: str) -> tuple[tuple[str, str], ...]:
    """The sets in the crowd that a score reads."""
    return ((f"failed-{scope}", key), (f"entered-{scope}", key)) if key and seen.event.outcome == "success" else ()


def address(seen: Sighting) -> str:
    """Key of a public address; '' for a private one, behind which everybody is."""
    return str(fingerprint(seen.event.where.ip or "")) if seen.network else ""
