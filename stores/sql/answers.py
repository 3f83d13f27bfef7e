"""Answer links: found by the hash of their token, decided once a notice."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, RowMapping, Select, insert, select, update

from domain.events.base import Client
from domain.events.verdict import Verdict
from domain.ids import answer_id, suspect_mark
from domain.ledger import Book, micros, moment
from domain.locked import locked
from domain.ports import Answer, Decision
from domain.severity import RANK
from stores.sql import cases, rows
from stores.sql.chain import Chain
from stores.sql.engine import Database
from stores.sql.schema import answer_tokens, answers, bus_outbox
from stores.sql.tokens import token_hash

Said = Literal["me", "not_me"]
LABELS: dict[str, Literal["genuine", "fraud"]] = {"me": "genuine", "not_me": "fraud"}
a, t = answers.c, answer_tokens.c


class SqlAnswers:
    """Implements domain.ports.Answers."""

    def __init__(self, database: Database, book: Book):
        self._database, self._book = database, book

    def find(self, token: str) -> Answer | None:
        with self._database.reading() as connection:
            row = connection.execute(_by_token(token)).mappings().first()
            return None if row is None else self._answer(connection, row)

    def of_notice(self, notice_id: str) -> Answer | None:
        with self._database.reading() as connection:
            row = connection.execute(select(answers).where(a.notice_id == notice_id)).mappings().first()
            return None if row is None else self._answer(connection, row)

    def decide(self, token: str, answer: Said, now: datetime, client: Client | None) -> Decision:
        with self._database.writing() as connection:
            found = connection.execute(select(t.notice_id, t.slot).where(t.token_hash == token_hash(token))).first()
            if found is None:
                return Decision(outcome="unknown")
            via = "link" if found.slot == "current" else "old_contact"
            return self._decide(connection, found.notice_id, found.slot, answer, now, client, via)

    def decide_notice(self, notice_id: str, answer: Said, now: datetime, client: Client | None, via: str = "inbox") -> Decision:
        with self._database.writing() as connection:
            return self._decide(connection, notice_id, "current", answer, now, client, via)

    def _decide(
        self, connection: Connection, notice_id: str, slot: str, said: Said, now: datetime, client: Client | None, via: str
    ) -> Decision:
        row = connection.execute(select(answers).where(a.notice_id == notice_id).with_for_update()).mappings().first()
        if row is None:
            return Decision(outcome="unknown")
        answer = self._answer(connection, dict(row) | {"slot": slot})
        again = answer.answered_at is not None
        if again and not (answer.recorded_only and said == "not_me"):
            return Decision(outcome="answered", answer=answer)
        if now >= answer.expires_at:
            return Decision(outcome="expired", answer=answer)
        verdict = Verdict(
            event_id=answer_id(notice_id, again),
            user_id=answer.user_id,
            occurred_at=now,
            client=_cleaned(client),
            about=notice_id,
            label=LABELS[said],
            source="user",
            by=answer.user_id,
            via=via,
        )
        at = micros(now)
        if said == "not_me":
            number = cases.opened(connection, answer, via, at)
            verdict = msgspec.structs.replace(verdict, case=number)
            answer = msgspec.structs.replace(answer, case=number)
        recorded_only = said == "me" and decides_nothing(answer, verdict)
        decided = {"answered_at": at, "answer": said, "via": via, "recorded_only": recorded_only}
        connection.execute(update(answers).where(a.notice_id == notice_id).values(decided))
        fields: dict[str, Any] = {"answer": said, "via": via, "slot": slot, "verdict_id": verdict.event_id}
        if again:
            fields["again"] = True
        if verdict.case:
            fields["case"] = verdict.case
        client_bytes = msgspec.json.encode(verdict.client)
        draft = self._book.answer(row["chain"], notice_id, answer.user_id, fields, client_bytes, at)
        Chain(connection, self._book).append([draft])
        connection.execute(insert(bus_outbox), rows.bus_row("verdicts", answer.user_id, msgspec.json.encode(verdict), at))
        if verdict.case:
            told = msgspec.json.encode(locked(answer.user_id, verdict.case, now))
            connection.execute(insert(bus_outbox), rows.bus_row("notices", answer.user_id, told, at))
        answer = msgspec.structs.replace(answer, answered_at=now, answer=said, recorded_only=recorded_only)
        return Decision(outcome="decided", answer=answer, verdict=verdict)

    def _answer(self, connection: Connection, row: RowMapping | dict[str, Any]) -> Answer:
        name = row["notice_id"]
        answered = row["answered_at"]
        return Answer(
            notice_id=name,
            user_id=row["user_id"],
            kind=row["kind"],
            severity=row["severity"],
            locale=row["locale"],
            expires_at=moment(row["expires_at"]),
            slot=row.get("slot", "current"),
            answered_at=None if answered is None else moment(answered),
            answer=row["answer"],
            recorded_only=bool(row["recorded_only"]),
            case=cases.of_notice(connection, name) if row["answer"] == "not_me" else None,
            notice=rows.open_notices(connection, self._book, [name], [row["user_id"]]).get(name),
        )


def decides_nothing(answer: Answer, verdict: Verdict) -> bool:
    """A `me` that is only recorded, so that it can't use up its reader's one answer: said with proof of a mailbox alone at warning or
    critical, or from the very session or device that the notice is about."""
    if verdict.via != "inbox" and RANK.get(answer.severity, 0) >= RANK["warning"]:
        return True
    suspects = answer.notice.suspects if answer.notice else []
    where = verdict.where
    return any(name and suspect_mark(kind, name) in suspects for kind, name in (("session", where.session_id), ("device", where.device_id)))


def _by_token(token: str) -> Select[Any]:
    return select(answers, t.slot).join(answer_tokens, t.notice_id == a.notice_id).where(t.token_hash == token_hash(token))


def _cleaned(client: Client | None) -> Client | None:
    """A browser says what it likes: bounded, and fit for UTF-8."""
    if client is None:
        return None
    return msgspec.convert({k: rows.clean(v) for k, v in msgspec.structs.asdict(client).items() if v is not None}, Client)
