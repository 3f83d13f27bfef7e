"""A margin account comes near its liquidation.

Bands of maintenance margin / equity, in percent. Each is told once, when it is first reached, and again only after the account has
recovered to `recover` points below it. Score: the ratio, where a band is newly reached.
"""

from __future__ import annotations

from decimal import Decimal

from detectors.base import NORMAL, Detector, Score, Sighting
from detectors.margin import read
from domain.events import Margin
from domain.events.margin import Position
from domain.habits import Habits
from domain.habits.margin import MAX_ACCOUNTS, Level
from domain.messages import Reason
from domain.severity import Severity

_SEVERITIES: tuple[Severity, ...] = ("notice", "warning", "critical")


class Low(Detector):
    """No warm-up: the first reading may be the last chance. A reading older than the newest is no news."""

    events = (Margin,)
    bands: list[int]
    recover: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event: Margin = seen.event
        level = habits.margin.accounts.get(read.account(event))
        ratio = read.percent(event)
        band = self._reached(ratio)
        if band == 0 or (level is not None and (event.at * 1000 < level.at or band <= self._still_told(level, ratio))):
            return NORMAL
        value = min(float(ratio), 100.0) / 100.0
        told = {
            "account": event.account[:128],
            "ratio": str(int(ratio)),
            "equity_usd": event.equity_usd,
            "maintenance_margin_usd": event.maintenance_margin_usd,
            **_nearest(event.positions or []),
            **read.relief(event, Decimal(self.bands[0]) - Decimal(str(self.recover))),
        }
        return Score(
            value=value,
            reasons=[Reason("ratio", int(ratio), f"below {self.bands[band - 1]}", value)],
            subject=f"{read.account(event)}|{self.bands[band - 1]}",
            severity=_SEVERITIES[min(band, len(_SEVERITIES)) - 1],
            facts={name: text for name, text in told.items() if text},
        )

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        event: Margin = seen.event
        accounts, account, ratio = habits.margin.accounts, read.account(event), read.percent(event)
        level = accounts.get(account)
        habits.margin.count += 1
        if level is not None and event.at * 1000 < level.at:
            return
        habits.positions.note_margin(event)
        if level is None and len(accounts) >= MAX_ACCOUNTS:
            del accounts[min(accounts, key=lambda name: accounts[name].at)]
        told = self._still_told(level, ratio) if level else 0
        accounts[account] = Level(int(event.at * 1000), round(float(ratio), 2), max(told, self._reached(ratio)))

    def _reached(self, ratio: Decimal) -> int:
        """How many bands the ratio has reached."""
        return sum(ratio >= band for band in self.bands)

    def _still_told(self, level: Level, ratio: Decimal) -> int:
        """How many of the bands told before the account has not recovered from."""
        return min(level.band, sum(ratio >= band - self.recover for band in self.bands))


def _nearest(positions: list[Position]) -> dict[str, str]:
    """Market and price of the position that is liquidated first."""
    first = read.nearest(positions)
    return {} if first is None else {"market": first.market[:64], "liquidation_price": (first.liquidation_price or "")[:64]}
