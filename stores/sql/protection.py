"""What SQL knows of how an account stands, and which tips its owner was told: for the security report and the tips' schedule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, exists, func, or_, select

from domain.ledger import micros, moment
from domain.messages import Medium
from domain.protection import RECENT, Seen
from stores.sql.chain import chunks
from stores.sql.schema import answers, decisions, findings, notices, refusals
from stores.sql.store import Store

TIP = "tip\\_%"
GRAVE = ("warning", "critical")


class SqlProtection:
    """Thread-safe; synchronous. Raises Unavailable when the database doesn't answer."""

    def __init__(self, store: Store):
        self._store = store

    def seen(self, users: Mapping[str, Mapping[Medium, str]], now: datetime) -> dict[str, Seen]:
        """What counts for the reports of these users. Values: the contacts that messages can be sent to, as they are sent to."""
        warned, refusing = self.open_findings(list(users), now), self.refusing(list(users))
        return {
            name: Seen(
                open_findings=warned.get(name, 0),
                contacts=frozenset(contacts),
                bounced=self._bounced(name, contacts) if name in refusing else frozenset(),
            )
            for name, contacts in users.items()
        }

    def _bounced(self, user_id: str, contacts: Mapping[Medium, str]) -> frozenset[str]:
        return frozenset(c for c, contact in contacts.items() if self._store.callbacks.contact_bounced(user_id, c, contact))

    def refusing(self, user_ids: Sequence[str]) -> set[str]:
        """Those who unsubscribed from something, or have a contact that messages came back from: few, and only they are asked about."""
        r, found = refusals.c, set()
        with self._store.database.reading() as connection:
            for some in chunks(user_ids):
                found |= set(connection.execute(select(r.user_id).where(r.user_id.in_(some)).distinct()).scalars())
        return found

    def open_findings(self, user_ids: Sequence[str], now: datetime) -> dict[str, int]:
        """User -> events of the last thirty days with a warning or a critical finding that was told, which neither its owner has answered
        (a "this was me" that counts nothing leaves it open) nor an analyst has decided. Users without one are left out."""
        f = findings.c
        decided = exists().where(decisions.c.finding_id == f.finding_id, decisions.c.withdrawn_at.is_(None))
        mine = exists().where(
            and_(
                answers.c.notice_id == f.notice_id,
                answers.c.answered_at.is_not(None),
                or_(answers.c.answer != "me", ~answers.c.recorded_only),
            )
        )
        found: dict[str, int] = {}
        with self._store.database.reading() as connection:
            for some in chunks(user_ids):
                wanted = (
                    select(f.user_id, func.count(f.event_id.distinct()))
                    .where(
                        f.user_id.in_(some), f.occurred_at >= micros(now - RECENT), f.occurred_at <= micros(now), f.severity.in_(GRAVE),
                        f.suppressed.is_(None), ~decided, ~mine,
                    )
                    .group_by(f.user_id)
                )  # fmt: skip
                found |= {row[0]: int(row[1]) for row in connection.execute(wanted)}
        return found

    def told(self, user_ids: Sequence[str], since: datetime) -> dict[str, dict[str, datetime]]:
        """User -> kind of tip -> when it was recorded last, from `since` on. What was suppressed counts too: nobody is asked again and
        again."""
        n = notices.c
        found: dict[str, dict[str, datetime]] = defaultdict(dict)
        with self._store.database.reading() as connection:
            for some in chunks(user_ids):
                own = n.user_id.in_(some) & (n.recorded_at >= micros(since)) & n.kind.like(TIP, escape="\\")
                for user_id, kind, at in connection.execute(
                    select(n.user_id, n.kind, func.max(n.recorded_at)).where(own).group_by(n.user_id, n.kind)
                ):
                    found[user_id][kind] = moment(at)
        return dict(found)
