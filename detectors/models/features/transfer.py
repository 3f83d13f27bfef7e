"""What a transfer out is like at the moment when it is asked for: against its owner's own, and where it goes.

Nothing in a row is known later than the event: verdicts count from when they came. Missing values are NaN. The statistics are the profile's
(domain.habits.spending, .transfer) and those of the address over all users (domain.crowd), so a row costs no more than a few lookups.
"""

from __future__ import annotations

import math

from detectors.base import Sighting
from detectors.models import login_risk
from detectors.models.grid import Cross, Grid
from detectors.transfer import flow
from domain.crowd import SETS, Crowd
from domain.events import Transfer
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.habits.spending import LUKEWARM, WARM, SpendingHabits

DAY = 86_400.0
FRAUDS, PLAIN, USER_FRAUDS, PAYMENTS = "fraud-address", "fraud-address-plain", "fraud-user", "payments"
"""Kinds of set."""
ODD = 2.0
"""Standard deviations above the own mean from which an amount was odd for its owner."""
SETTLED = 7 * DAY
"""A payment that nobody complained about for so long counts as genuine; as models.genuine_after."""
REMEMBERED = SETS[PAYMENTS].seconds - SETTLED
"""Of the payments of which all is known, how far back they go."""
ODD_COUNTS = 0.25
"""What a fraud of an odd amount says of its address, beside one of an ordinary amount."""
SPANS = (3_600.0, 21_600.0, DAY)
"""Seconds in which payments to new payees may come thick: a program's pace, a thief's, a day's."""
BELIEVED = 14.0
"""Days in which what is known of an address fades by e, without labels to say better."""
AT_HOME, WEEKS = -2.0, 7
"""Log likelihood ratio below which it comes from where the user always is, and days after which a payee is nobody's new one."""
FAMILIAR = 0.3
"""What an odd amount says that goes there from there: no thief pays whom his victim has paid for weeks, from the victim's home."""
STRANGER, MOST_STRANGE = 0.7, 4.0
"""What is believed of the ratio, and at most, in nats: people move about with open sessions more than they sign in from elsewhere."""
_NAN = math.nan

GRIDS = (
    Grid("usd", "USD value", 0.0, 14.0, 0.0866, log=True),
    Grid("own", "standard deviations above the own mean", -3.0, 12.0, 0.5),
    Grid("own_log", "the same of logarithms", -4.0, 8.0, 0.5),
    Grid("over_most", "logarithm of the ratio to the largest of the last amounts", -2.0, 2.5, 0.1),
    Grid("heat", "improbable amounts within days, nats", 0.0, 6.0, 0.25, log=True),
    Grid("embers", "improbable amounts within weeks, nats", 0.0, 6.0, 0.25, log=True),
    Grid("history", "transfers out found normal", 0.0, 6.0, 0.5, log=True),
    Grid("day_count", "transfers out within 24 hours", 0.0, 12.0, 1.0),
    Grid("payee", "times that this payee was paid", 0.0, 4.0, 0.5, log=True),
    Grid("share", "share of the balance", 0.0, 1.0, 0.1),
    Grid("gap", "hours since the transfer out before", 0.0, 7.0, 0.5, log=True),
    Grid("user_frauds", "frauds known of the account", 0.0, 4.0, 0.35, log=True),
    Grid("address_frauds", "frauds known at the address whose amounts were ordinary for their owners", 0.0, 4.0, 0.35, log=True),
    Grid("address_last", "days since the last of them became known", 0.0, 5.0, 0.15, log=True),
    Grid("address_first", "days since the first of this series became known", 0.0, 64.0, 1.0),
    Grid("address_settled", "payments there since the last that nobody complained about", 0.0, 4.0, 0.35, log=True),
    Grid("strange", "standard deviations above the own mean of what goes to unfamiliar payees within 24 hours", -3.0, 12.0, 0.5),
    Grid("strange_log", "the same of logarithms", -4.0, 8.0, 0.5),
    Grid("address_odd", "frauds known there whose amounts were odd: it was the account that was not its owner's", 0.0, 4.0, 0.35, log=True),
    Grid("address_odd_last", "days since the last of those became known", 0.0, 5.0, 0.3, log=True),
    Grid("address_share", "share of frauds in what was paid there in the last week of which all is known", 0.0, 1.0, 0.1),
    Grid("address_due", "how many payments that were", 0.0, 4.0, 0.5, log=True),
    Grid("address_share_long", "the same share of all that was paid there and is known", 0.0, 1.0, 0.1),
    Grid("strange_count", "transfers to unfamiliar payees within 24 hours", 0.0, 3.0, 0.35, log=True),
    Grid("strange_burst", "how improbable it is that so many new payees come so quickly, nats", 0.0, 12.0, 1.0),
    Grid("strange_gap", "hours since the last of those", 0.0, 4.0, 0.4, log=True),
    Grid("from", "log likelihood ratio of whence it is asked for, attacker over user", -8.0, 8.0, 0.5),
    Grid("familiar", "1 for a payee of weeks, asked for from where the user always is", 0.0, 1.0, 0.5),
)
NAMES = tuple(grid.name for grid in GRIDS)
_PLACE = {name: place for place, name in enumerate(NAMES)}
CROSSES = (
    Cross(_PLACE["heat"], _PLACE["own"], 2, 1),
    Cross(_PLACE["address_last"], _PLACE["address_first"], 2, 2),
    Cross(_PLACE["address_settled"], _PLACE["address_first"], 1, 2),
    Cross(_PLACE["address_settled"], _PLACE["address_frauds"], 1, 1),
    Cross(_PLACE["usd"], _PLACE["own"], 4, 1),
    Cross(_PLACE["address_share"], _PLACE["address_due"], 1, 1),
    # An address that robs whoever pays it, and an account that is emptied to strangers: where the one is likely the other is less so.
    Cross(_PLACE["address_share_long"], _PLACE["strange_burst"], 2, 2),
    Cross(_PLACE["address_share"], _PLACE["strange_burst"], 2, 2),
    Cross(_PLACE["address_share_long"], _PLACE["address_share"], 2, 2),
    Cross(_PLACE["own_log"], _PLACE["strange_burst"], 2, 2),
)
COVERED = frozenset({"withdrawal_condemned_address"})
"""Detectors that see what is evidence here already, and here fades with time."""
TAILS = ("own",)
SERIES = 14 * DAY
"""Frauds at an address farther apart are two series."""

Row = tuple[float, ...]


def asked(seen: Sighting) -> bool:
    """Whether this is a moment to judge: money is to leave and hasn't yet."""
    return bool(seen.event.asked)


def crowd_keys(seen: Sighting) -> tuple[tuple[str, str], ...]:
    """Sets that `features` reads."""
    if not seen.event.asked:
        return ()
    event: Transfer = seen.event
    address = event.payee[0]
    mine = ((USER_FRAUDS, str(fingerprint(event.user_id))),)
    return (*mine, (FRAUDS, address), (PLAIN, address), (PAYMENTS, address)) if address else mine


def features(seen: Sighting, habits: Habits) -> Row:
    """The values of NAMES, before the event is learned. About 10 us."""
    event: Transfer = seen.event
    at, own, transfer, crowd = event.at, habits.spending, habits.transfer, seen.crowd
    usd, balance = event.usd, event.balance
    over_mean = over_log = over_most = _NAN
    if usd is not None and own.count:
        over_mean, over_log = above(usd, at, own)
        steps = transfer.amounts.steps
        if steps:
            over_most = math.log(max(usd, 1.0)) - max(steps) * 0.0866434
    address, memo = event.payee
    paid = 0
    if address:
        known = transfer.payee(address, memo)
        paid = known.count if known is not None else int(transfer.knows(address, memo))
    strange = strange_log = strange_gap = _NAN
    strangers = strange_burst = 0.0
    today = transfer.lately(at, DAY)
    if not paid and today:
        others = [f for f in today if not f.taught and not f.undone]
        if others:
            strangers, strange_gap = float(len(others)), (at - others[-1].at) / 3600.0
            known_payees = len(transfer.payees) + len(transfer.old_payees)
            days = max(at - transfer.first_at, 0.0) / DAY if transfer.first_at else 0.0
            strange_burst = burst([at - f.at for f in others], (known_payees + 1.0) / (days + 1.0))
            odd = sum([f.usd for f in others])
            if usd is not None and own.count and odd > 0.0:
                strange, strange_log = above(usd + odd, at, own)
    of_address = _of_address(address, at, crowd) if address else _NO_ADDRESS
    return (
        _NAN if usd is None else usd,
        over_mean,
        over_log,
        over_most,
        own.heat.now(at, WARM),
        own.embers.now(at, LUKEWARM),
        float(transfer.count),
        float(len(today)),
        float(paid),
        min(usd / balance, 1.0) if usd is not None and balance else _NAN,
        max(at - own.last_at, 0.0) / 3600.0 if own.last_at else _NAN,
        float(crowd.count(USER_FRAUDS, str(fingerprint(event.user_id)), at)),
        *of_address[:4],
        strange,
        strange_log,
        *of_address[4:],
        strangers,
        strange_burst,
        strange_gap,
        *_whence(seen, habits),
    )


def _whence(seen: Sighting, habits: Habits) -> tuple[float, float]:
    """The last two values. Programs live elsewhere than their owners: what keys do is judged by detectors of keys."""
    event: Transfer = seen.event
    client = event.client
    if client is None or not client.ip or client.api_key_id or not habits.login.traits.hours:
        return _NAN, _NAN
    whence = login_risk.whence(seen, habits.login.traits)
    known = habits.transfer.payee(*event.payee) if whence < AT_HOME else None
    weeks = known is not None and (not known.since or event.at // DAY - known.since >= WEEKS)
    return whence, float(weeks)


def burst(ages: list[float], usual: float) -> float:
    """How improbable it is, once a new payee is paid, that as many others were paid as briefly before: nats of a Poisson tail, the most of
    SPANS. `ages`: seconds since those; `usual`: new payees a day, more than 0."""
    most = 0.0
    for span in SPANS:
        many = sum([age < span for age in ages])
        if many:
            expected = usual * span / DAY
            term = expected * math.exp(-expected)  # of one
            least = -math.expm1(-expected)
            rest = least - term
            for number in range(2, many + 1):
                term *= expected / number
                rest -= term
            most = max(most, -math.log(max(rest, 1e-12) / least))
    return most


def above(usd: float, at: float, own: SpendingHabits) -> tuple[float, float]:
    """By how many standard deviations an amount is above the own mean, and its logarithm above the mean of those; shrunk towards what is
    common where there are few. `own` has at least one."""
    weight = own.weight * math.exp(-1.7825e-7 * max(at - own.at, 0.0))  # the half-life of 45 days
    part = weight / own.weight
    room = 1.0 + 1.0 / max(weight, 1e-3)
    variance = (own.squares * part + 2.0 * (0.6 * own.mean) ** 2) / (weight + 2.0)
    log_variance = (own.log_squares * part + 4.0 * 0.64) / (weight + 4.0)
    spread = max(math.sqrt(variance * room), 1e-2)
    return (usd - own.mean) / spread, (math.log(max(usd, 1.0)) - own.log_mean) / math.sqrt(log_variance * room)


_NO_ADDRESS = (0.0, _NAN, _NAN, _NAN, 0.0, _NAN, _NAN, 0.0, _NAN)


def _of_address(address: str, at: float, crowd: Crowd) -> tuple[float, ...]:
    """The four values from address_frauds on, and the five from address_odd on.

    Whether a fraud's amount was odd for its owner tells what was stolen: an account, which may have been used anywhere, or everybody's
    payments to this address. And counts alone don't tell an address that robs from one that has stopped: the share of frauds in what was
    paid there last, as far as the time for complaints is over, does."""
    until = at - SETTLED
    lately = crowd.count(PAYMENTS, address, until, SETTLED)
    found = crowd.members(FRAUDS, address, at)
    if not found:
        any_due = lately or crowd.count(PAYMENTS, address, until, REMEMBERED)
        return 0.0, _NAN, _NAN, _NAN, 0.0, _NAN, 0.0 if lately else _NAN, float(lately), 0.0 if any_due else _NAN
    due = dict(crowd.members(PAYMENTS, address, until, REMEMBERED))
    plain = {member for member, _ in crowd.members(PLAIN, address, at)}
    known = sorted([when for member, when in found if member in plain], reverse=True)
    odd = [when for member, when in found if member not in plain]
    odd_last = (at - max(odd)) / DAY if odd else _NAN
    last = known[0] if known else max(odd)
    since = last - SETTLED
    settled = sum([when > since for when in due.values()])
    share = long = _NAN
    if due:
        robbed = [when for member, _ in found if (when := due.get(format(fingerprint(member), "x"))) is not None]
        long = len(robbed) / len(due)
        if lately:
            share = sum([when > until - SETTLED for when in robbed]) / lately
    rest = (float(len(odd)), odd_last, share, float(lately), long)
    if not known:
        return 0.0, _NAN, _NAN, float(settled), *rest
    first = last
    for when in known:
        if first - when > SERIES:
            break
        first = when
    return float(len(known)), (at - last) / DAY, (at - first) / DAY, float(settled), *rest


def plain(row: Row) -> bool:
    """Whether a fraud was of an amount that was ordinary for its owner, or not to be told."""
    return not row[1] >= ODD


def knows(row: Row) -> bool:
    """Whether frauds are known at the address."""
    return row[12] + row[18] > 0.0


def count(seen: Sighting, habits: Habits, row: Row) -> None:
    """Takes what happened into the memory of odd amounts and of suspect addresses, flagged or not."""
    at, own = seen.event.at, habits.spending
    odd = nats(row[1]) - 3.0
    if odd > 0.0:
        own.heat.add(at, WARM, min(odd, 20.0))
        own.embers.add(at, LUKEWARM, min(odd, 20.0))
    own.last_at = max(own.last_at, int(at))
    address = seen.event.payee[0]
    if address:  # also where no fraud is known yet: what was paid before it was known speaks for the address, or against it
        seen.crowd.add(PAYMENTS, address, format(fingerprint(seen.event.event_id), "x"), at)


def learn(seen: Sighting, habits: Habits) -> None:
    """Takes an amount that was found normal into the moments."""
    usd = seen.event.usd
    if usd is not None and flow.to_learn(seen.event, habits.transfer):
        habits.spending.learn(usd, seen.event.at)


def nats(z: float) -> float:
    """-log P(Z > z) of the standard normal distribution, at most 40; 0 for NaN."""
    if not z > -2.0:
        return 0.0
    return -math.log(0.5 * math.erfc(z * 0.7071067811865476)) if z < 8.5 else min(0.5 * z * z + math.log(z * 2.5066), 40.0)


def _worth(above_mean: float, above_log: float) -> float:
    """Nats of an amount: between what two measures say: habits are now like a bell, now skewed; less what a bound on the odds allows."""
    between = math.sqrt(nats(above_mean) * nats(above_log))
    return between - math.log1p(between)


def evidence(row: Row) -> tuple[tuple[str, float], ...]:
    """What speaks for fraud without any classifier, in nats by name: the improbability of the amount, with how odd the last days were;
    whence it is asked for; the frauds known at the address against what was paid there since, and in the same days."""
    found = []
    own = _worth(row[1], row[2]) * (1.0 - min(max(row[8] - 2.0, 0.0), 3.0) / 6.0)  # the rent goes to whom it always went to
    if row[16] > 0.0:  # what goes to strangers in parts is one amount
        own = max(own, _worth(row[16], row[17]))
    if own:
        found.append(("own", own * FAMILIAR if row[27] == 1.0 else own))
    if row[26] > 0.0:
        found.append(("from", min(STRANGER * row[26], MOST_STRANGE)))
    if row[4]:
        found.append(("heat", math.log1p(row[4])))
    frauds = row[12] + ODD_COUNTS * row[18]
    if frauds:
        last = row[13] if row[12] else row[19]
        rate = frauds / (frauds + 0.5 + 3.0 * row[15]) * math.exp(-last / BELIEVED)
        if row[21]:  # the estimate of Krichevsky and Trofimov (1981) of the share, from few payments
            rate *= (row[20] * row[21] + 0.5) / (row[21] + 1.0)
        rate = min(max(rate, 1e-4), 0.98)
        found.append(("address_frauds", max(0.0, math.log(rate / (1.0 - rate)) + 7.0)))
    return tuple(found)
