"""What an order or fill is like at its moment: against its owner's own trading, the mark, and where it comes from.

Missing values are NaN. Nothing is learned here: all of it is kept by the trading detectors (domain.habits.trade, .keys, .login).
"""

from __future__ import annotations

import math

from detectors.base import Sighting
from detectors.models.features.transfer import nats
from detectors.models.grid import Cross, Grid
from detectors.trading import keys, read, size
from domain.events import Trade
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.statistics import Sample

_NAN = math.nan
_DAY = 86_400.0
_STEP = math.log(2.0) / 8.0
"""Of a Sample, on the natural logarithm."""
_SIZE = 0.4
"""How much of its improbability a size speaks for fraud: people do trade more on some days."""

GRIDS = (
    Grid("usd", "USD value", 0.0, 16.0, 0.5, log=True),
    Grid("own", "standard deviations above the own, of logarithms", -4.0, 8.0, 0.5),
    Grid("over_most", "logarithm of the ratio to the largest of the last", -3.0, 4.0, 0.25),
    Grid("hour", "logarithm of the ratio of this hour's USD to the busiest of the last hours", -4.0, 4.0, 0.25),
    Grid("burst", "logarithm of the ratio of trades just now to those usual at a time", -2.0, 6.0, 0.5),
    Grid("worse", "percent worse than the mark", -2.0, 20.0, 0.5),
    Grid("lost", "USD lost to this counterparty within a day", 0.0, 12.0, 0.5, log=True),
    Grid("lost_share", "its part of all that was lost", 0.0, 1.0, 0.1),
    Grid("leverage", "logarithm of the ratio of the leverage to the highest before", -4.0, 5.0, 0.25),
    Grid("new_market", "1 for a market never traded", 0.0, 1.0, 0.5),
    Grid("history", "trades found normal", 0.0, 10.0, 0.5, log=True),
    Grid("strange_device", "1 for a device that never signed in", 0.0, 1.0, 0.5),
    Grid("strange_network", "1 for a network that nobody signed in from, or the key never came from", 0.0, 1.0, 0.5),
    Grid("strange_key", "1 for an API key that did nothing like it before", 0.0, 1.0, 0.5),
)
NAMES = tuple(grid.name for grid in GRIDS)
_PLACE = {name: place for place, name in enumerate(NAMES)}
CROSSES = (
    Cross(_PLACE["own"], _PLACE["strange_network"], 1, 1),
    Cross(_PLACE["worse"], _PLACE["lost_share"], 2, 2),
    Cross(_PLACE["new_market"], _PLACE["strange_device"], 1, 1),
)

Row = tuple[float, ...]


def asked(seen: Sighting) -> bool:
    """Whether this is a moment to judge: something is bought or sold, or to be."""
    return bool(seen.event.action != "cancel")


def features(seen: Sighting, habits: Habits) -> Row:
    """The values of NAMES, before the event is learned. About 10 us."""
    event: Trade = seen.event
    trade, at, usd = habits.trade, event.at, event.usd
    own = over = hour = _NAN
    if usd is not None:
        before = trade.fills if event.action == "fill" else trade.orders
        own, over = _against(usd, before)
        if event.action == "fill" and trade.volumes.steps:
            hour = math.log((usd + size.running(trade, at)) / read.largest(trade.volumes))
    worse = event.worse
    lost, share = _lost(seen, habits, worse, usd)
    device, network, key = _strange(seen, habits)
    return (
        _NAN if usd is None else usd,
        own,
        over,
        hour,
        math.log((trade.windows[-1].counted + 1.0) / (trade.sizes.mean + 1.0)) if trade.windows and trade.learned else _NAN,
        _NAN if worse is None else worse * 100.0,
        lost,
        share,
        math.log(event.times / max(read.largest(trade.leverages), 1.0)) if trade.leverages.steps else _NAN,
        _NAN if not trade.markets.packed else float(event.market[:64] not in trade.markets),
        float(trade.count),
        device,
        network,
        key,
    )


def evidence(row: Row) -> tuple[tuple[str, float], ...]:
    """What speaks for fraud without any classifier, in nats by name: an improbable size, money given away to one, a stranger's device."""
    found = []
    large = nats(row[1]) if row[2] > 0.0 else 0.0
    if large > 1.0:
        found.append(("own", min(_SIZE * (large - math.log1p(large)), 4.0)))  # a large trade alone is hardly ever fraud
    if row[6] > 10.0 and row[5] > 0.5:
        found.append(("lost", row[7] * math.log1p(row[6] / 10.0)))
    for place, nats_ in ((11, 1.0), (12, 0.5), (13, 1.0)):
        if row[place] == 1.0:
            found.append((NAMES[place], nats_))
    return tuple(found)


def _against(usd: float, before: Sample) -> tuple[float, float]:
    """Standard deviations above the median of the logarithms (shrunk to what is common where there are few), and the logarithm of the ratio
    to the largest."""
    steps = sorted(before.steps)
    last = len(steps) - 1
    if last < 0:
        return _NAN, _NAN
    # Of its steps rather than through its quantiles: they change with each trade, and this is asked of each.
    own = (steps[int(0.84 * last)] - steps[int(0.16 * last)]) * _STEP / 2.0
    spread = math.sqrt((4.0 * 0.64 + (last + 1) * own * own) / (5.0 + last))
    log_usd = math.log(usd) if usd > 1.0 else 0.0
    return (log_usd - steps[last // 2] * _STEP) / max(spread, 0.3), log_usd - steps[last] * _STEP


def _lost(seen: Sighting, habits: Habits, worse: float | None, usd: float | None) -> tuple[float, float]:
    """USD lost to the counterparty within a day, with this trade, and its part of all that was lost."""
    event, trade = seen.event, habits.trade
    if event.counterparty_user_id is None or worse is None or usd is None:
        return _NAN, _NAN
    mine = max(worse, 0.0) * usd
    known = trade.counterparty(fingerprint(event.counterparty_user_id)) if trade.counterparties else None
    if known is None or event.at - known.since > _DAY:
        return mine, 0.0
    total = known.lost + mine
    return total, min(total / max(trade.lost.now(event.at, _DAY) + mine, total, 1e-9), 1.0)


def _strange(seen: Sighting, habits: Habits) -> tuple[float, float, float]:
    """Whether device, network and key are none that the account knows; NaN where they aren't told, or nothing is known."""
    client, login = seen.event.client, habits.login
    if client is None:
        return _NAN, _NAN, _NAN
    device = network = key = _NAN
    if client.device_id and login.devices:
        device = float(login.device(fingerprint(client.device_id)) is None)
    known = keys.known(seen, habits) if client.api_key_id else None
    name = seen.network
    if name and (login.networks or known is not None):
        network = float(name not in login.networks and (known is None or name not in known.networks))
    if known is not None and known.actions:
        key = float("trade" not in known.actions)
    return device, network, key
