"""What protects an account, what is missing, and what to do next: the account security report. Pure; the caller passes `now`.

The score runs from 0 to 100 and is the sum of its parts. What Vigil doesn't know counts nothing and is said to be unknown: `score` is what
is certain, `best` what it would be were all of the unknown in place.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from domain.events.user import ApiKeyState, User
from domain.profile import UserState

Name = Literal["mfa", "whitelist", "code", "contacts", "keys", "findings"]
State = Literal["good", "partly", "missing", "unknown"]

WORTH: dict[Name, int] = {"mfa": 30, "whitelist": 20, "code": 10, "contacts": 10, "keys": 15, "findings": 15}
"""Points of each part; 100 together. The second factor stops most takeovers, the address list most losses of those that succeed."""
STALE = timedelta(days=90)
RECENT = timedelta(days=30)
"""How far back findings count."""
STEPS = (
    "mfa_on", "findings", "mfa_better", "whitelist", "keys_limit", "keys_stale", "contacts_fix", "code", "contacts",
    "check_mfa", "check_whitelist", "own_password", "email_account", "codes",
)  # fmt: skip
"""What can be done, the most urgent first. The last three are good for everyone and fill up."""
SHOWN = 3


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that protects the account. `detail` says which of the texts describes it, `count` what it counts."""

    part: Name
    state: State
    points: int
    of: int
    detail: str
    count: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `score` = the sum of the parts' points <= `best` <= 100."""

    user_id: str
    at: datetime
    score: int
    best: int
    parts: list[Part]
    steps: list[str]
    """The next three, of STEPS."""

    def state(self, part: str) -> State:
        """How the part stands."""
        return next((one.state for one in self.parts if one.part == part), "unknown")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What SQL knows of the account. None: not known."""

    open_findings: int | None = None
    """Warnings and critical findings of the last thirty days that nobody has said to be harmless."""
    contacts: frozenset[str] = frozenset()
    """Channels (`email`, `sms`) on which the user has a contact that can be one."""
    bounced: frozenset[str] = frozenset()
    """Those of them whose messages came back."""


def report(user_id: str, user: User | None, state: UserState | None, seen: Seen, now: datetime) -> Report:
    """The report on an account by its record in the directory, its profile and what SQL knows; each may be missing."""
    found = [_mfa(user, state), _whitelist(user, state), _code(user), _contacts(user, seen), _keys(user, state, now), _findings(seen)]
    parts = [part for part, _ in found]
    wanted = {step for _, steps in found for step in steps}
    wanted |= {"own_password", "email_account", "codes"}
    score = sum(part.points for part in parts)
    return Report(
        user_id=user_id,
        at=now,
        score=score,
        best=score + sum(part.of for part in parts if part.state == "unknown"),
        parts=parts,
        steps=[step for step in STEPS if step in wanted][:SHOWN],
    )


Found = tuple[Part, tuple[str, ...]]


def _part(name: Name, state: State, detail: str, steps: tuple[str, ...] = (), *, share: float = 0.0, count: int = 0) -> Found:
    """`share`: of the part's points, in [0, 1]; a good part has them all."""
    points = WORTH[name] if state == "good" else round(WORTH[name] * share)
    return Part(part=name, state=state, points=points, of=WORTH[name], detail=detail, count=count), steps


def _mfa(user: User | None, state: UserState | None) -> Found:
    told = user.protection.mfa if user and user.protection else None
    mfa = told or (state.habits.account.mfa if state else "")
    if mfa in ("totp", "passkey"):
        return _part("mfa", "good", "mfa_strong")
    if mfa in ("sms", "email"):
        return _part("mfa", "partly", "mfa_weak", ("mfa_better",), share=0.6)
    if mfa == "on":
        return _part("mfa", "partly", "mfa_on", share=0.6)
    if mfa == "none":
        return _part("mfa", "missing", "mfa_off" if told else "mfa_unused", ("mfa_on",))
    return _part("mfa", "unknown", "unknown", ("check_mfa",))


def _whitelist(user: User | None, state: UserState | None) -> Found:
    told = user.protection.whitelist if user and user.protection else None
    if told:
        return _part("whitelist", "good", "whitelist_on")
    if told is False or (state and state.habits.account.whitelist_off_at):
        return _part("whitelist", "missing", "whitelist_off", ("whitelist",))
    return _part("whitelist", "unknown", "unknown", ("check_whitelist",))


def _code(user: User | None) -> Found:
    if user is None:
        return _part("code", "unknown", "unknown")
    if user.anti_phishing_code:
        return _part("code", "good", "code_set")
    return _part("code", "missing", "code_none", ("code",))


def _contacts(user: User | None, seen: Seen) -> Found:
    if user is None:
        return _part("contacts", "unknown", "unknown")
    reached = seen.contacts - seen.bounced
    if len(reached) == 2:
        return _part("contacts", "good", "contacts_both")
    steps = ("contacts_fix",) if seen.bounced else ("contacts",)
    detail = ("contacts_bounced" if seen.bounced else "contacts_one") if reached else "contacts_none"
    return _part("contacts", "partly" if reached else "missing", detail, steps, share=0.5 if reached else 0.0)


def _keys(user: User | None, state: UserState | None, now: datetime) -> Found:
    told = user.protection.api_keys if user and user.protection else None
    if told is not None:
        open_ones = sum(key.withdraws is True and key.ip_restricted is not True for key in told)
        stale = sum(_stale(key, now) for key in told)
        if open_ones:
            return _part("keys", "missing", "keys_open", ("keys_limit", *(("keys_stale",) if stale else ())), count=open_ones)
        if stale:
            return _part("keys", "partly", "keys_stale", ("keys_stale",), share=0.5, count=stale)
        return _part("keys", "good", "keys_fine" if told else "keys_none")
    # Of keys that were used the profile knows when; of the others, and of what a key may do, it knows nothing.
    used = state.habits.keys.keys if state else []
    old = sum(now.timestamp() - key.last_at > STALE.total_seconds() for key in used)
    if old:
        return _part("keys", "partly", "keys_stale", ("keys_stale",), share=0.5, count=old)
    return _part("keys", "unknown", "unknown")


def _stale(key: ApiKeyState, now: datetime) -> bool:
    """Whether nobody has used it for ninety days, as far as is known."""
    last = key.last_used_at or key.created_at
    return last is not None and now - last > STALE


def _findings(seen: Seen) -> Found:
    count = seen.open_findings
    if count is None:
        return _part("findings", "unknown", "unknown")
    if count:
        return _part("findings", "missing", "findings_open", ("findings",), count=count)
    return _part("findings", "good", "findings_none")
