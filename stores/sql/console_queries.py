"""What the console reads. Nothing here writes; times out are UTC datetimes. "Since" is event time for findings: that has an index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, exists, func, literal_column, or_, select, tuple_

from domain.ledger import micros, moment
from domain.messages import FOR_TEAM, Finding
from domain.training import TrainingReport
from stores.sql.engine import Database
from stores.sql.schema import ENDED, ENDS, answers, decisions, deliveries, findings, notices, receipts, training_state

_FINDING = msgspec.json.Decoder(Finding)
_TRAINING = msgspec.msgpack.Decoder(TrainingReport)
_TIMES = {"at", "created_at", "occurred_at", "recorded_at", "updated_at", "expires_at", "answered_at", "withdrawn_at", "since", "until"}
_LISTS = {"finding_ids", "channels", "parts"}
GRAVE = ("warning", "critical")
MONTH = timedelta(days=30)
LATELY = 5000
"""Findings in which users who stood out lately are looked for."""
LIVE = 300_000_000
"""Microseconds from an event to the decision about it, above which it was a backlog's."""


class ConsoleQueries:
    """Synchronous, thread-safe. Every answer is bounded by `limit`."""

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self.database, self.now = database, now

    # findings

    def findings_since(self, since: datetime) -> dict[str, int]:
        """Number by severity, merged ones counted."""
        return self._counted(
            select(findings.c.severity, func.count()).where(findings.c.occurred_at >= micros(since)).group_by(findings.c.severity)
        )

    def recent_findings(self, limit: int = 20) -> list[dict[str, Any]]:
        """Newest first; repeats of what was told before are left out."""
        return self._findings(select(findings).where(_told()).order_by(findings.c.occurred_at.desc()).limit(limit))

    def queue(self, *, state: str = "open", text: str = "", detector: str = "", after: str = "", limit: int = 200) -> list[dict[str, Any]]:
        """Of thirty days, every finding that fits on the first `limit` events. `open`: grave and undecided, gravest first, then oldest;
        `notice`: the same at notice; `closed`: decided ones, newest first. `text`: an id whole, or a part of detector or words. `after`:
        the `place` of the last row of the page before."""
        other = findings.alias("other")
        # An event stands where the first of its findings stands; those that come later in the order don't bring it again.
        columns = ("occurred_at", "finding_id") if state == "closed" else ("severity", "occurred_at", "finding_id")
        here, there = (tuple_(*(table.c[name] for name in columns)) for table in (findings, other))
        before = there > here if state == "closed" else there < here
        query = select(findings).where(
            findings.c.occurred_at >= self._month(),
            _decided() if state == "closed" else ~_decided(),
            *_fitting(findings, state, text, detector),
        )
        firsts = query.where(~exists().where(other.c.event_id == findings.c.event_id, before, *_fitting(other, state, text, detector)))
        if (last := _place(after, columns)) is not None:
            firsts = firsts.where(here < last if state == "closed" else here > last)
        order = [column.desc() for column in here] if state == "closed" else list(here)
        key = firsts.with_only_columns(*(findings.c[name] for name in ("event_id", "severity", "occurred_at", "finding_id")))
        with self.database.reading() as connection:
            leading = connection.execute(key.order_by(*order).limit(limit)).all()
            places = {event: f"{severity} {at} {name}" for event, severity, at, name in leading}
            # By event alone: asked for severity or detector as well, SQLite reads a whole month of those.
            of_them = select(findings).where(findings.c.event_id.in_(list(places)), *_fitting(findings, "closed", text, ""))
            if state != "closed":
                of_them = of_them.where(_told())
            rows = [_row(row) for row in connection.execute(of_them)]
        asked = ("notice",) if state == "notice" else GRAVE
        rows = [row for row in rows if (state == "closed" or row["severity"] in asked) and (not detector or row["detector"] == detector)]
        turn = {event: number for number, event in enumerate(places)}
        rows.sort(key=lambda row: (row["severity"], row["finding_id"]), reverse=state == "closed")
        rows.sort(key=lambda row: turn[row["event_id"]])
        return [_found({**row, "place": places[row["event_id"]]}) for row in rows]

    def open_count(self) -> int:
        """Events with findings of thirty days that wait for a person."""
        query = select(func.count(findings.c.event_id.distinct())).where(
            findings.c.occurred_at >= self._month(), ~_decided(), findings.c.severity.in_(GRAVE), _told()
        )
        with self.database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def finding(self, finding_id: str) -> dict[str, Any] | None:
        found = self._findings(select(findings).where(findings.c.finding_id == finding_id))
        return found[0] if found else None

    def findings_by_id(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """In event time."""
        return self._findings(select(findings).where(findings.c.finding_id.in_(ids[:200])).order_by(findings.c.occurred_at)) if ids else []

    def findings_on(self, event_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Everything seen on these events, in event time."""
        return (
            self._findings(select(findings).where(findings.c.event_id.in_(event_ids[:200])).order_by(findings.c.occurred_at))
            if event_ids
            else []
        )

    def findings_of(self, user_id: str, limit: int = 100) -> list[dict[str, Any]]:
        return self._findings(select(findings).where(findings.c.user_id == user_id).order_by(findings.c.occurred_at.desc()).limit(limit))

    def hits(self, since: datetime) -> dict[str, int]:
        """Findings by detector."""
        return self._counted(
            select(findings.c.detector, func.count()).where(findings.c.occurred_at >= micros(since)).group_by(findings.c.detector)
        )

    def latest_of(self, detector: str, limit: int = 20) -> list[dict[str, Any]]:
        return self._findings(select(findings).where(findings.c.detector == detector).order_by(findings.c.occurred_at.desc()).limit(limit))

    def scores_of(self, detector: str, limit: int = 5000) -> list[float]:
        """Of the newest findings; what stayed below the threshold isn't kept."""
        query = select(findings.c.score).where(findings.c.detector == detector).order_by(findings.c.occurred_at.desc()).limit(limit)
        with self.database.reading() as connection:
            return [float(row[0]) for row in connection.execute(query)]

    def precision(self, since: datetime) -> dict[str, tuple[int, int]]:
        """Detector -> (said to be fraud, said to be either), by what owners answered and analysts decided since; the analyst's word goes
        before. Read from what was said: a month has many findings, and few that anybody said something of."""
        f, at = findings.c, micros(since)
        stands = and_(decisions.c.finding_id == f.finding_id, decisions.c.withdrawn_at.is_(None))
        decided = (
            select(f.detector, decisions.c.label.label("said"), func.count())
            .select_from(decisions.join(findings, stands))
            .where(decisions.c.at >= at)
            .group_by(f.detector, decisions.c.label)
        )
        answered = (
            select(f.detector, answers.c.answer.label("said"), func.count())
            .select_from(answers.outerjoin(findings, f.notice_id == answers.c.notice_id))  # outer: else SQLite begins at the many
            .where(answers.c.answered_at >= at, ~exists().where(stands))
            .group_by(f.detector, answers.c.answer)
        )
        said: dict[str, tuple[int, int]] = {}
        with self.database.reading() as connection:
            for detector, word, count in [*connection.execute(decided), *connection.execute(answered)]:
                if detector is None:
                    continue
                before = said.get(detector, (0, 0))
                said[detector] = (before[0] + count * (word in ("fraud", "not_me")), before[1] + count)
        return said

    def decisions_on(self, finding_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The standing decision by finding id."""
        query = (
            select(decisions)
            .where(decisions.c.finding_id.in_(list(finding_ids)[:500]), decisions.c.withdrawn_at.is_(None))
            .order_by(decisions.c.at)
        )
        return {row["finding_id"]: row for row in self._rows(query)}

    def decision(self, verdict_id: str) -> dict[str, Any] | None:
        found = self._rows(select(decisions).where(decisions.c.verdict_id == verdict_id))
        return found[0] if found else None

    # notices

    def notices_since(self, since: datetime) -> dict[str, int]:
        """Number by severity."""
        return self._counted(
            select(notices.c.severity, func.count()).where(notices.c.recorded_at >= micros(since)).group_by(notices.c.severity)
        )

    def statuses_since(self, since: datetime) -> dict[tuple[str, str], int]:
        """Deliveries of these notices by (channel, status)."""
        query = (
            select(deliveries.c.channel, deliveries.c.status, func.count())
            .select_from(notices.join(deliveries, deliveries.c.notice_id == notices.c.notice_id))
            .where(notices.c.recorded_at >= micros(since))
        )
        with self.database.reading() as connection:
            return {(row[0], row[1]): int(row[2]) for row in connection.execute(query.group_by(deliveries.c.channel, deliveries.c.status))}

    def answers_since(self, since: datetime) -> dict[str, int]:
        """Owners' answers by `me` and `not_me`."""
        return self._counted(
            select(answers.c.answer, func.count()).where(answers.c.answered_at >= micros(since)).group_by(answers.c.answer)
        )

    def seconds_to_told(self, since: datetime, limit: int = 2000) -> list[float]:
        """From the event to the first provider that took its notice, ascending; of the newest `limit` receipts. Of events that came as they
        happened: a backlog says nothing about speed."""
        taken = receipts.c.status.in_(("sent", "delivered"))
        newest = (
            select(receipts.c.notice_id, receipts.c.at)
            .where(receipts.c.at >= micros(since), taken)
            .order_by(receipts.c.at.desc())
            .limit(limit)
            .subquery()
        )
        first = select(newest.c.notice_id, func.min(newest.c.at).label("told")).group_by(newest.c.notice_id).subquery()
        query = select(first.c.told - notices.c.occurred_at).select_from(first.join(notices, notices.c.notice_id == first.c.notice_id))
        query = query.where(notices.c.recorded_at - notices.c.occurred_at < LIVE)
        with self.database.reading() as connection:
            return sorted(float(row[0]) / 1e6 for row in connection.execute(query) if row[0] is not None and row[0] >= 0)

    def search_notices(
        self, *, text: str = "", kind: str = "", severity: str = "", channel: str = "", status: str = "",
        since: datetime | None = None, until: datetime | None = None, before: str = "", limit: int = 50,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Newest first; `before`: the `cursor` of the last row of the page before. `text`: an id whole, else a part of a kind's name."""
        query: Select[Any] = select(notices)
        if text:
            whole = or_(notices.c.user_id == text, notices.c.notice_id == text, notices.c.event_id == text)
            # One question to the indexes first: beside a part of a name, an id would be looked for in every row.
            with self.database.reading() as connection:
                known = connection.execute(select(notices.c.notice_id).where(whole).limit(1)).first() is not None
            query = query.where(whole if known else notices.c.kind.contains(text, autoescape=True))
        for column, value in ((notices.c.kind, kind), (notices.c.severity, severity)):
            if value:
                query = query.where(column == value)
        if channel or status:
            wanted = [deliveries.c.notice_id == notices.c.notice_id]
            wanted += [deliveries.c.channel == channel] if channel else []
            wanted += [deliveries.c.status == status] if status else []
            if status in ENDS:  # few of many: from those to their notices
                ended = select(deliveries.c.notice_id).where(*wanted[1:], literal_column(ENDED))
                query = query.where(notices.c.notice_id.in_(ended))
            else:
                query = query.where(exists().where(*wanted))
        if since:
            query = query.where(notices.c.recorded_at >= micros(since))
        if until:
            query = query.where(notices.c.recorded_at < micros(until))
        at, _, last = before.partition(" ")
        if at.isascii() and at.isdigit() and len(at) < 19:
            query = query.where(tuple_(notices.c.recorded_at, notices.c.notice_id) < (int(at), last))
        return self._rows(query.order_by(notices.c.recorded_at.desc(), notices.c.notice_id.desc()).limit(limit))

    def notice(self, notice_id: str) -> dict[str, Any] | None:
        found = self._rows(select(notices).where(notices.c.notice_id == notice_id))
        return found[0] if found else None

    def notices_of(self, user_id: str, limit: int = 100) -> list[dict[str, Any]]:
        return self._rows(select(notices).where(notices.c.user_id == user_id).order_by(notices.c.recorded_at.desc()).limit(limit))

    def notice_ids_of(self, user_id: str, limit: int = 5000) -> list[str]:
        """Ids alone, of the newest."""
        query = select(notices.c.notice_id).where(notices.c.user_id == user_id).order_by(notices.c.recorded_at.desc()).limit(limit)
        with self.database.reading() as connection:
            return list(connection.execute(query).scalars())

    def deliveries_of(self, notice_ids: Sequence[str]) -> list[dict[str, Any]]:
        return (
            self._rows(
                select(deliveries).where(deliveries.c.notice_id.in_(notice_ids[:500])).order_by(deliveries.c.channel, deliveries.c.slot)
            )
            if notice_ids
            else []
        )

    def delivery(self, delivery_id: str) -> dict[str, Any] | None:
        found = self._rows(select(deliveries).where(deliveries.c.delivery_id == delivery_id))
        return found[0] if found else None

    def receipts_of(self, notice_id: str) -> list[dict[str, Any]]:
        return self._rows(select(receipts).where(receipts.c.notice_id == notice_id).order_by(receipts.c.at, receipts.c.receipt_id))

    def answers_of(self, notice_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """By notice, answered or not."""
        return (
            {row["notice_id"]: row for row in self._rows(select(answers).where(answers.c.notice_id.in_(notice_ids[:500])))}
            if notice_ids
            else {}
        )

    # users

    def lately(self, limit: int = 50) -> list[dict[str, Any]]:
        """Users of the newest findings, the newest first, with the number of their findings of thirty days."""
        f, month = findings.c, self._month()
        newest = select(f.user_id, f.occurred_at).where(f.occurred_at >= month).order_by(f.occurred_at.desc()).limit(LATELY).subquery()
        last = func.max(newest.c.occurred_at).label("occurred_at")
        seen = select(newest.c.user_id, last).group_by(newest.c.user_id).order_by(last.desc(), newest.c.user_id).limit(limit)
        rows = self._rows(seen)
        names = [row["user_id"] for row in rows]
        counts = self._counted(
            select(f.user_id, func.count()).where(f.user_id.in_(names), f.occurred_at >= month).group_by(f.user_id)
        )  # fmt: skip
        return [row | {"count": counts[row["user_id"]]} for row in rows]

    # how

    def _month(self) -> int:
        """When the thirty days begin that the queue looks back."""
        return micros(self.now() - MONTH)

    # models

    def training(self) -> TrainingReport | None:
        """What the trainer said last; None where none has written yet, or one of another version."""
        with self.database.reading() as connection:
            found = connection.execute(select(training_state.c.data).where(training_state.c.name == "report")).scalar()
        try:
            return _TRAINING.decode(found) if found else None
        except msgspec.MsgspecError:
            return None

    def _findings(self, query: Select[Any]) -> list[dict[str, Any]]:
        """Rows with their Finding at `body`."""
        return [_found(row) for row in self._rows(query)]

    def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self.database.reading() as connection:
            return [_row(row) for row in connection.execute(query)]

    def _counted(self, query: Select[Any]) -> dict[str, int]:
        with self.database.reading() as connection:
            return {str(row[0]): int(row[1]) for row in connection.execute(query)}


def _told(of: FromClause = findings) -> ColumnElement[bool]:
    """What its owner was told before (cooldown) needs nobody's decision a second time; what is the team's alone does."""
    return or_(of.c.suppressed.is_(None), of.c.suppressed == FOR_TEAM)


def _fitting(of: FromClause, state: str, text: str, detector: str) -> list[ColumnElement[bool]]:
    """What the queue is asked for, of one finding by itself."""
    asked: list[ColumnElement[bool]] = []
    if state != "closed":
        asked += [of.c.severity.in_(("notice",) if state == "notice" else GRAVE), _told(of)]
    if detector:
        asked.append(of.c.detector == detector)
    if text:
        whole = [of.c[name] == text for name in ("user_id", "finding_id", "notice_id", "event_id")]
        asked.append(or_(*whole, *(of.c[name].contains(text, autoescape=True) for name in ("detector", "body"))))
    return asked


def _place(text: str, columns: Sequence[str]) -> tuple[Any, ...] | None:
    """A `place` as the values of these columns; None for what is none: then the first page is shown."""
    severity, _, rest = text.partition(" ")
    at, _, last = rest.partition(" ")
    if not (last and at.isascii() and at.isdigit() and len(at) < 19):
        return None
    known = {"severity": severity, "occurred_at": int(at), "finding_id": last}
    return tuple(known[name] for name in columns)


def _decided() -> ColumnElement[bool]:
    """A decision is about the event: it holds for all findings on it."""
    same = findings.alias("same")
    return exists(
        select(decisions.c.verdict_id)
        .select_from(decisions.join(same, same.c.finding_id == decisions.c.finding_id))
        .where(same.c.event_id == findings.c.event_id, decisions.c.withdrawn_at.is_(None))
    )


def _found(row: dict[str, Any]) -> dict[str, Any]:
    row["finding"] = _FINDING.decode(row.pop("body"))
    return row


def _row(row: Row[Any]) -> dict[str, Any]:
    plain = dict(row._mapping)
    if "recorded_at" in plain:
        plain["cursor"] = f"{plain['recorded_at']} {plain.get('notice_id')}"
    for name in _TIMES & plain.keys():
        plain[name] = None if plain[name] is None else moment(plain[name])
    for name in _LISTS & plain.keys():
        plain[name] = msgspec.json.decode(plain[name])
    return plain
