"""A notice of each kind with sample data, filled as the detectors fill it: for the catalogue that compliance reads, the tests and the
pictures of the documentation. Nobody of these people exists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from domain.events import Login, User
from domain.locked import KIND as LOCKED
from domain.locked import locked
from domain.messages import Finding, Notice, Reason
from domain.policy_rules import Rules
from domain.profile import UserState
from domain.protection import Seen, report
from notices.digest import digest_notice
from notices.policy import Policy
from notices.samples.announced import samples as announced_samples
from notices.samples.make import NOON, USER, finding
from notices.samples.told import LOGIN, WITHDRAWAL, by_family
from notices.tips.library import REPORT, library
from notices.tips.schedule import report_notice, tip_notice

LATER = NOON + timedelta(minutes=1)


def _finding(detector: str, severity: Any, facts: dict[str, str], *reasons: Reason, **more: Any) -> Finding:
    return finding(detector, severity, facts=facts, reasons=list(reasons), **more)


@cache
def findings() -> dict[str, Finding]:
    """Kind (and variant) -> a finding that makes it."""
    change = {"device": "Chrome on Windows", "city": "Toronto", "country": "CA"}
    margin = {"account": "cross", "ratio": "90", "equity_usd": "911.00", "maintenance_margin_usd": "820.00", "liquidation_price": "95800"}
    changes = [
        "password_changed", "password_reset", "mfa_enabled", "mfa_disabled", "mfa_reset", "email_changed", "phone_changed", "api_key_created",
        "address_whitelisted", "whitelist_disabled", "limit_raised", "anti_phishing_code_changed", "recovery_requested",
    ]  # fmt: skip
    return {
        "login_new_device": _finding("login_new_device", "notice", LOGIN, Reason("device", "Firefox on Linux", "iPhone app, Chrome on macOS", 0.9)),
        "login_new_browser": _finding("login_new_browser", "info", LOGIN, Reason("browser", "Firefox 142", "Firefox 141", 0.9)),
        "login_new_country": _finding("login_new_country", "warning", LOGIN, Reason("country", "CA", "DE, FR", 0.8), Reason("network", "as5", "", 0.1)),
        "login_impossible_travel": _finding(
            "login_impossible_travel", "warning", LOGIN | {"previous_city": "Berlin", "previous_country": "DE", "minutes": "94"},
            Reason("speed_kmh", 4100, "900", 0.6), Reason("distance_km", 6470, None, 0.3),
        ),
        "login_after_failures": _finding("login_after_failures", "notice", LOGIN | {"failures": "12"}, Reason("failures", 12, "0", 0.9)),
        "withdrawal_large": _finding(
            "withdrawal_large", "warning", WITHDRAWAL | {"usual_usd": "300.00", "share": "63"}, Reason("usd_value", 1249.4, "300.00", 0.7),
            Reason("share", 63, None, 0.2), Reason("cohort", 0.9, None, 0.1),
        ),
        "withdrawal_new_address": _finding("withdrawal_new_address", "notice", WITHDRAWAL, Reason("payee", "TQ5x", "3", 0.9)),
        "withdrawal_lookalike_address": _finding(
            "withdrawal_lookalike_address", "warning", WITHDRAWAL | {"known_address": "TQ5xYb0000000000000000000000HdPf"}, Reason("lookalike", "TQ5x", "TQ5x", 0.9)
        ),
        "withdrawal_rapid_drain": _finding(
            "withdrawal_rapid_drain", "warning", WITHDRAWAL | {"share": "91", "withdrawals": "4", "window_minutes": "60"},
            Reason("share", 91, None, 0.6), Reason("withdrawals", 4, "1", 0.3),
        ),
        **{f"security_setting_changed:{name}": _finding("security_setting_changed", "notice", change | {"change": name}, Reason("change", name, None, 0.9)) for name in changes},
        "security_setting_changed:withdraw": _finding(
            "security_setting_changed", "warning", change | {"change": "api_key_created", "permissions": "read,trade,withdraw", "api_key": "k-1"},
            Reason("change", "api_key_created", None, 0.9),
        ),
        "trade_burst": _finding("trade_burst", "notice", {"trades": "140", "usual_trades": "3", "window_minutes": "60", "market": "BTC-USDT"}, Reason("trades", 140, "3", 0.9)),
        "margin_low": _finding("margin_low", "warning", margin, Reason("ratio", 90, "50", 0.9)),
        "account_takeover": _finding(
            "account_takeover", "critical", WITHDRAWAL | {"change": "mfa_disabled", "first_at": "2026-11-22T11:50:00Z"},
            Reason("step_login", "device,country", None, 0.3), Reason("step_change", "mfa_disabled", None, 0.3),
            Reason("step_withdrawal", "TQ5x", None, 0.4), story_events=["l1", "c1", "e1"],
        ),
    } | by_family()  # fmt: skip


class Samples:
    """Notices as policy makes them by `rules`. Names read `kind` or `kind:variant`; `kind:bare` has no facts but those that always come."""

    def __init__(self, rules: Rules) -> None:
        self._policy = Policy(rules)

    def notice(self, name: str, now: datetime = NOON) -> Notice:
        """The notice of that name. Raises KeyError for one that there isn't."""
        if name in OTHERS:
            return OTHERS[name](self, now)
        one = findings()[name]
        event = Login(event_id=one.event_id, user_id=USER, occurred_at=one.occurred_at, outcome="success")
        return self._policy.decide(event, [one], UserState(), now).notices[0]

    def parts_of_digest(self) -> list[Notice]:
        """What a digest names."""
        return [self.notice("login_new_device"), self.notice("trade_burst")]


OTHERS: dict[str, Callable[[Samples, datetime], Notice]] = {
    "digest": lambda samples, now: digest_notice(USER, samples.parts_of_digest(), now),
    **{tip.id: lambda samples, now, kind=tip.id: tip_notice(USER, kind, 1, now, ["email", "inapp"]) for tip in library()},  # type: ignore[misc]
    **announced_samples(),
    LOCKED: lambda samples, now: locked(USER, "C-K7Q2-M9XD", now),
    REPORT: lambda samples, now: report_notice(
        report(USER, user(), None, Seen(open_findings=0, contacts=frozenset({"email", "sms"})), now), 1, ["email", "inapp"]
    ),
}
"""Kinds that no finding makes -> their sample."""


def names() -> list[str]:
    """Of every sample."""
    return [*findings(), *OTHERS]


def best(kind: str) -> str | None:
    """The name of the sample that says most of a kind: the plain one, else the last that isn't bare; None where there is none."""
    own = [name for name in names() if name.split(":")[0] == kind and not name.endswith(":bare")]
    return kind if kind in own else own[-1] if own else None


def variants(kind: str) -> Sequence[str]:
    """Every sample of a kind."""
    return [name for name in names() if name.split(":")[0] == kind]


def user(**changed: Any) -> User:
    """An owner in Amsterdam who has everything."""
    values: dict[str, Any] = {
        "user_id": USER, "locale": "en", "region": "NL", "time_zone": "Europe/Amsterdam", "email": "a@b.example", "phone": "+31612345678",
        "anti_phishing_code": "red-fox",
    }  # fmt: skip
    return User(**(values | changed))
