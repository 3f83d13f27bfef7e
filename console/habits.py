"""A profile in words: what is usual for an account, and where too little is known to say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from console.html import number, short
from domain.profile import UserState

ENOUGH_LOGINS, ENOUGH_TRANSFERS, ENOUGH_WINDOWS = 3, 8, 8
"""Below these the page says warming up; the detectors' own limits are in their parameters."""


@dataclass(frozen=True)
class Habit:
    """A row: `usual` in words, `known` from how much; `warming` where it is too little."""

    name: str
    usual: str
    known: str
    warming: str = ""


def rows(state: UserState) -> list[Habit]:
    """What the profile says, a row a habit."""
    login, transfer, trade, margin = state.habits.login, state.habits.transfer, state.habits.trade, state.habits.margin
    logins = f"{number(login.count)} logins"
    warm = "" if login.count >= ENOUGH_LOGINS else f"warming up, {login.count} of {ENOUGH_LOGINS} logins"
    devices = [
        f"{d.label or 'unnamed'}{f' ({d.browsers[-1]})' if d.browsers else ''}" for d in sorted(login.devices, key=lambda d: -d.last_at)
    ]
    found = [
        Habit("Devices", ", ".join(devices) or "none yet", logins, warm),
        Habit("Countries", ", ".join(sorted(login.countries, key=lambda c: -login.countries[c])) or "none yet", logins, warm),
        Habit("Networks", ", ".join(sorted(login.networks, key=lambda n: -login.networks[n])[:8]) or "none yet", logins, warm),
    ]
    if login.last:
        place = ", ".join(part for part in (login.last.city, login.last.country) if part)
        found.append(Habit("Last place", f"{place or 'unknown'}, {day(login.last.at)}", logins))
    transfers = f"{number(transfer.count)} transfers out"
    warm = "" if transfer.count >= ENOUGH_TRANSFERS else f"warming up, {transfer.count} of {ENOUGH_TRANSFERS} transfers"
    amounts = transfer.amounts
    sizes = (
        f"half under {amounts.quantile(0.5):,.0f} USD, nineteen of twenty under {amounts.quantile(0.95):,.0f}"
        if len(amounts)
        else "none yet"
    )
    payees = [f"{short(p.address)} ({p.count}×)" for p in sorted(transfer.payees, key=lambda p: -p.count)[:4]]
    more = len(transfer.payees) - len(payees)
    found += [
        Habit("Size of withdrawals", sizes, transfers, warm),
        Habit("Payees", (", ".join(payees) + (f" and {more} more" if more else "")) or "none yet", transfers, warm),
    ]
    warm = "" if trade.learned >= ENOUGH_WINDOWS else f"warming up, {trade.learned} of {ENOUGH_WINDOWS} windows"
    found.append(
        Habit(
            "Trades a window", f"{trade.sizes.mean:,.1f} on average" if trade.learned else "none yet", f"{number(trade.count)} trades", warm
        )
    )
    for account, level in sorted(margin.accounts.items()):
        found.append(Habit(f"Margin, {account}", f"at {level.ratio:.0f} % of liquidation", f"{number(margin.count)} readings"))
    return found


def learned_from(state: UserState) -> str:
    """`learned from 214 logins, 61 transfers, 1,930 trades`."""
    habits = state.habits
    return (
        f"learned from {number(habits.login.count)} logins, {number(habits.transfer.count)} transfers, {number(habits.trade.count)} trades"
    )


def day(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%b %Y}"
