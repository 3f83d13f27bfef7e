"""What a change to an account is like at its moment: who makes it, by what its sign-ins came with, and what was changed just before.

Log likelihood ratios as for sign-ins (detectors.models.login_risk), of what is told of the client only: many exchanges tell less of a
change than of a sign-in. Nothing is learned here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from detectors.account import recent
from detectors.base import Sighting
from detectors.models import login_risk
from detectors.models.grid import Cross, Grid
from domain.events import AccountChange
from domain.habits import Habits

GRIDS = (
    *(
        Grid(name, "log likelihood ratio, attacker over user", -4.0, 6.0, 0.5)
        for name in ("country", "network", "device", "browser", "hour")
    ),
    Grid("weakens", "1 where a protection is taken away or handed over", 0.0, 1.0, 0.5),
    Grid("before", "protections taken away within the day before", 0.0, 4.0, 1.0),
    Grid("contact", "1 where a contact was changed within three days", 0.0, 1.0, 0.5),
    Grid("withdraws", "1 for a key that may withdraw, 2 from any address", 0.0, 2.0, 0.5),
    Grid("history", "sign-ins found normal", 0.0, 8.0, 0.5, log=True),
    Grid("awake", "hours since the last sign-in", 0.0, 10.0, 0.5, log=True),
)
NAMES = tuple(grid.name for grid in GRIDS)
CROSSES = (Cross(NAMES.index("device"), NAMES.index("weakens"), 2, 1), Cross(NAMES.index("network"), NAMES.index("weakens"), 2, 1))
_TOLD = 5
_DAY = 86_400

Row = tuple[float, ...]


def features(seen: Sighting, habits: Habits) -> Row:
    """The values of NAMES, before the change is noted."""
    event: AccountChange = seen.event
    client, at = event.where, event.at
    country, network, device, browser, hour = login_risk.weigh(seen, habits.login.traits).parts
    before = habits.account.changes
    return (
        country if client.ip else 0.0,
        network if client.ip else 0.0,
        device if client.device_id else 0.0,
        browser if client.user_agent else 0.0,
        hour,
        float(event.change in recent.LOOSENS),
        float(sum(c.weakens and 0 <= at - c.at <= _DAY for c in before)),
        float(any(c.change in ("phone_changed", "email_changed") and 0 <= at - c.at <= 3 * _DAY for c in before)),
        float(recent.may_withdraw(event) + recent.unrestricted(event)),
        float(sum(habits.login.traits.hours)),
        (at - habits.login.entered_at) / 3600 if habits.login.entered_at else math.nan,
    )


def evidence(row: Row) -> Iterable[tuple[str, float]]:
    """Who makes it, in nats."""
    return [(name, nats) for name, nats in zip(NAMES[:_TOLD], row, strict=False) if nats]
