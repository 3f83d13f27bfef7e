"""When a tip or the monthly report is due, which tip it is, and the notice that carries it. Pure; `now` decides.

Time is cut into slots of `every` seconds, for each user from a moment of their own, so that mails to many go out evenly over the days. A
slot gives one notice at most, by whichever worker: its id comes from slot and user. What was missed (nobody worked, the reader's night) is
made up for within WINDOW, not later: a switch turned on doesn't tell everybody at once, and a worker that was away for a month doesn't send
a month's tips.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from domain.events.user import User
from domain.ids import notice_id
from domain.messages import Medium, Notice
from domain.profile import UserState
from domain.protection import Report
from notices.preferences import zone_of
from notices.tips.library import REPORT, Product, Tip, groups_of, library, spread

WINDOW = timedelta(days=1)
ONCE_IN = timedelta(days=90)
"""In which no user gets the same tip twice."""
MONTH = timedelta(days=30)
DAYTIME = (time(9), time(20))
"""Hours, by the reader's clock, in which a tip is sent; UTC where his zone isn't known."""
EXPIRES = timedelta(days=2)
"""A tip that waits longer, for a provider or quiet hours, isn't sent any more."""


def slot(name: str, user_id: str, now: datetime, every: timedelta) -> int | None:
    """The number of the user's slot that began within WINDOW before `now`; None between. `name`: what is due; each has slots of its own."""
    seconds = int(every.total_seconds())
    number, past = divmod(int(now.timestamp()) - spread(f"{name}\0{user_id}", seconds), seconds)
    return number if past < min(WINDOW, every).total_seconds() else None


def slots(user_id: str, now: datetime, every: Mapping[str, int]) -> dict[str, int]:
    """What the user's clock says is due, with the number of its slot. `every`: what there is -> seconds, 0 for never."""
    found = {name: slot(name, user_id, now, timedelta(seconds=span)) for name, span in every.items() if span}
    return {name: number for name, number in found.items() if number is not None}


def awake(user: User, now: datetime) -> bool:
    """Whether it is day where the reader is."""
    local = now.astimezone(zone_of(user.time_zone) or UTC).time()
    return DAYTIME[0] <= local < DAYTIME[1]


def pick(
    tips: Sequence[Tip], user: User, told: Mapping[str, datetime], uses: Collection[Product], report: Report, now: datetime
) -> Tip | None:
    """The tip that this reader gets next; None when all that fit were told within ONCE_IN.

    `told`: kind -> when it was told last. `uses`: what the reader is known to use. First what the report finds missing, then what is for
    products in use, then the rest, the one told longest ago first; among equals each user has an order of his own.
    """
    groups = groups_of(user, now)
    fitting = [
        tip
        for tip in tips
        if tip.is_for(groups)
        and (tip.uses is None or tip.uses in uses)
        and (tip.about is None or report.state(tip.about) != "good")
        and (tip.id not in told or now - told[tip.id] >= ONCE_IN)
    ]

    def rank(tip: Tip) -> tuple[bool, bool, float, int]:
        missing = tip.about is not None and report.state(tip.about) in ("missing", "partly")
        before = told[tip.id].timestamp() if tip.id in told else 0.0
        return not missing, tip.uses is None and len(tip.audience) == 3, before, spread(f"{tip.id}\0{user.user_id}", 1 << 20)

    return min(fitting, key=rank, default=None)


def wanted(
    user: User,
    state: UserState | None,
    report: Report,
    told: Mapping[str, datetime],
    due: Mapping[str, int],
    now: datetime,
    per_month: int,
    channels: Sequence[Medium],
) -> Iterator[Notice]:
    """What may be told to this reader now, the report first. `due`: REPORT and `tip` -> number of the slot, where it wasn't told in it."""
    if REPORT in due:
        yield report_notice(report, due[REPORT], channels)
    lately = sum(now - at < MONTH for kind, at in told.items() if kind != REPORT)
    if "tip" not in due or lately >= per_month or report.state("findings") != "good":
        return  # who has a warning to answer is not told anything that can wait
    tip = pick(library(), user, told, uses_of(user, state), report, now)
    if tip is not None:
        yield tip_notice(user.user_id, tip.id, due["tip"], now, channels)


def uses_of(user: User, state: UserState | None) -> frozenset[Product]:
    """What the user is known to use."""
    habits = state.habits if state else None
    found: dict[Product, bool] = {
        "api": bool((habits and habits.keys.keys) or (user.protection and user.protection.api_keys)),
        "margin": bool(habits and habits.margin.count),
        "withdrawals": bool(habits and habits.transfer.count),
    }
    return frozenset(product for product, used in found.items() if used)


def identity(kind: str, number: int, user_id: str) -> str:
    """The id of a slot's notice: of the report (REPORT), else of whichever tip it is."""
    if kind == REPORT:
        return notice_id(f"security-report:{number}", user_id, REPORT)
    return notice_id(f"tips:{number}", user_id, "tip")


def tip_notice(user_id: str, kind: str, number: int, now: datetime, channels: Sequence[Medium]) -> Notice:
    """The notice that carries a tip. `number`: of its slot; every tip of a slot has the same id, so only one is told."""
    return Notice(
        notice_id=identity(kind, number, user_id),
        user_id=user_id,
        kind=kind,
        severity="info",
        created_at=now,
        expires_at=now + EXPIRES,
        finding_ids=[],
        channels=list(channels),
        occurred_at=now,
        group=f"tips:{number}",
        answerable=False,
    )


def report_notice(report: Report, number: int, channels: Sequence[Medium]) -> Notice:
    """The monthly notice about the security report."""
    return Notice(
        notice_id=identity(REPORT, number, report.user_id),
        user_id=report.user_id,
        kind=REPORT,
        severity="info",
        created_at=report.at,
        expires_at=report.at + EXPIRES,
        finding_ids=[],
        channels=list(channels),
        occurred_at=report.at,
        group=f"security-report:{number}",
        answerable=False,
        facts={"points": str(report.score), "steps": ",".join(report.steps)},
    )
