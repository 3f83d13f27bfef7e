"""What an attempt to sign in is like at its moment: how unlike its account's, level by level, and what came before it.

The levels are log likelihood ratios of detectors.models.login_risk, an attacker's chance over the user's, in nats: they are evidence as
they are, and features for what verdicts teach. Learned are they by the detector login_risk.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from detectors.base import Sighting
from detectors.models import login_risk
from detectors.models.grid import Cross, Grid
from domain.events import Login
from domain.habits import Habits
from domain.habits.traits import LEVELS

_LEVEL = ("place", "network", "block", "address", "device", "system", "browser", "version", "agent")
GRIDS = (
    *(Grid(name, "log likelihood ratio, attacker over user", -4.0, 6.0, 0.5) for name in (*_LEVEL, "hour")),
    Grid("history", "sign-ins found normal", 0.0, 8.0, 0.5, log=True),
    Grid("pause", "hours since the last sign-in", 0.0, 10.0, 0.5, log=True),
    Grid("failures", "failed attempts within the hour", 0.0, 5.0, 0.5, log=True),
    Grid("exit", "1 for hosting, VPN, Tor, proxy", 0.0, 1.0, 0.5),
    Grid("failed", "1 for an attempt that failed", 0.0, 1.0, 0.5),
    Grid("factor", "1 where a second factor was used", 0.0, 1.0, 0.5),
)
NAMES = tuple(grid.name for grid in GRIDS)
_PLACE = {name: place for place, name in enumerate(NAMES)}
_HISTORY = _PLACE["history"]
CROSSES = (Cross(_PLACE["device"], _PLACE["network"], 2, 2), Cross(_PLACE["device"], _PLACE["place"], 2, 2))
COVERED = frozenset(
    {
        "suspicion",
        "login_risk",
        "login_new_device",
        "login_new_browser",
        "login_new_country",
        "login_impossible_travel",
        "login_anonymous_network",
    }
)
"""Detectors that see what is evidence here already."""

OFTEN, FEW = 30.0, 8.0
"""Whoever has an account's password tries it once, however often its owner signs in: of those who seldom do, one sign-in is likelier the
thief's (Freeman et al., p(u | attack) / p(u | legitimate)). Told by the length of the history, for which OFTEN - FEW is usual; of young
accounts, which haven't had the time, FEW more are supposed."""

Row = tuple[float, ...]


def features(seen: Sighting, habits: Habits) -> Row:
    """The values of NAMES, before the event is learned."""
    event: Login = seen.event
    login, at = habits.login, event.at
    weighed = login_risk.weigh(seen, login.traits)
    return (
        *weighed.levels,
        weighed.parts[-1],
        float(weighed.sign_ins),
        (at - login.traits.last_at) / 3600 if login.traits.last_at else math.nan,
        float(sum(0 <= at - failure.at <= 3600 for failure in login.failures)),
        float(seen.place.shared_exit),
        float(event.outcome != "success"),
        float(event.mfa not in (None, "none")),
    )


def evidence(row: Row) -> Iterable[tuple[str, float]]:
    """The levels, and how seldom the account is signed in to, in nats. Of a first sign-in nothing."""
    found = [(name, nats) for name, nats in zip(NAMES[: LEVELS + 1], row, strict=False) if nats]
    if row[_HISTORY] > 0.0:
        found.append(("history", math.log(OFTEN / (row[_HISTORY] + FEW))))
    return found
