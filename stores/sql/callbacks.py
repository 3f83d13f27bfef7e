"""What came of a message after a provider took it: the status moves on, once, and the user hears of a contact that is no good."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal, cast

from sqlalchemy import Connection, RowMapping, delete, func, select

from domain.callback import Callback
from domain.ledger import Book, micros
from domain.messages import DeliveryStatus, Medium, Receipt
from domain.substitute import substitute
from stores.sql.dead_contacts import BOUNCED, add_refusal, mark_of, note_dead
from stores.sql.engine import Database
from stores.sql.outbox import SqlOutbox
from stores.sql.schema import deliveries, receipts, refusals

MAY_BECOME: dict[str, frozenset[str]] = {
    "sent": frozenset({"delivered", "bounced", "failed"}),
    "unknown": frozenset({"delivered", "bounced", "failed"}),
    # A provider's "delivered" may mean its neighbour; what came back afterwards is the truth.
    "delivered": frozenset({"bounced"}),
}

d, r, f = deliveries.c, receipts.c, refusals.c
Taken = Literal["taken", "known", "unknown"]


class SqlCallbacks:
    """Callbacks and refusals. Thread-safe."""

    def __init__(self, database: Database, book: Book):
        self._database, self._book = database, book

    def take(self, callback: Callback, now: datetime, channels: Collection[Medium] = ()) -> Taken:
        """`taken` when it moved the delivery on; `known` when it says nothing new; `unknown` when there is no such delivery, or its receipt
        isn't written yet. `channels`: those with a provider, which may take the place of one that bounced."""
        with self._database.writing() as connection:
            row = self._meant(connection, callback)
            if row is None or (callback.channel and row["channel"] != callback.channel) or not row["final"]:
                return "unknown"
            if callback.status not in MAY_BECOME.get(row["status"], ()):
                return "known"
            receipt = Receipt(
                notice_id=row["notice_id"],
                user_id=row["user_id"],
                channel=cast(Medium, row["channel"]),
                status=cast(DeliveryStatus, callback.status),
                provider=row["provider"],
                provider_id=row["provider_id"],
                attempt=row["attempt"],
                at=now,
                reason=callback.reason,
                delivery_id=row["delivery_id"],
            )
            other = _other(row, callback, channels)
            SqlOutbox.write(connection, self._book, [(receipt, None)], {row["delivery_id"]: other} if other else None)
            if callback.status == BOUNCED and callback.dead and row["slot"] == "current":
                note_dead(connection, self._book, row, now)
        return "taken"

    def contact_bounced(self, user_id: str, channel: Medium, contact: str) -> bool:
        """Whether messages came back from this very contact."""
        with self._database.reading() as connection:
            own = (f.user_id == user_id) & (f.channel == channel) & (f.what == BOUNCED)
            return connection.execute(select(f.at).where(own, f.contact == mark_of(self._book, channel, contact))).first() is not None

    def unwanted(self, user_id: str) -> set[tuple[Medium, str]]:
        """(channel, class) of what the user wants no more of."""
        with self._database.reading() as connection:
            found = connection.execute(select(f.channel, f.what).where(f.user_id == user_id, f.contact == ""))
            return {(cast(Medium, row[0]), row[1]) for row in found}

    def want_no_more(self, user_id: str, channel: Medium, what: str, now: datetime) -> bool:
        """The user wants no more of a class (`tip`, `announcement`) on a channel. False when that was known."""
        with self._database.writing() as connection:
            return add_refusal(connection, user_id, channel, what, "", now)

    def want_again(self, user_id: str, channel: Medium, what: str) -> None:
        """Takes a wish back."""
        with self._database.writing() as connection:
            own = (f.user_id == user_id) & (f.channel == channel) & (f.what == what) & (f.contact == "")
            connection.execute(delete(refusals).where(own))

    def bounced_since(self, since: datetime) -> dict[str, int]:
        """Channel -> deliveries that came back since."""
        with self._database.reading() as connection:
            counted = select(r.channel, func.count()).where(r.status == BOUNCED, r.at >= micros(since)).group_by(r.channel)
            return {row[0]: row[1] for row in connection.execute(counted)}

    def _meant(self, connection: Connection, callback: Callback) -> RowMapping | None:
        if callback.delivery_id:
            wanted = select(deliveries).where(d.delivery_id == callback.delivery_id)
        elif callback.provider_id:
            taken = select(r.delivery_id).where(r.provider_id == callback.provider_id)
            if callback.provider:
                taken = taken.where(r.provider == callback.provider)
            elif callback.channel:
                taken = taken.where(r.channel == callback.channel)
            wanted = select(deliveries).where(d.delivery_id.in_(taken)).limit(2)
        else:
            return None
        found = connection.execute(wanted.with_for_update()).mappings().all()
        return found[0] if len(found) == 1 else None


def _other(row: RowMapping, callback: Callback, channels: Collection[Medium]) -> Medium | None:
    """The channel that takes this one's place, by the same rules as when a provider refuses at once."""
    other = substitute(row["channel"], row["kind"])
    if callback.status == "delivered" or row["fallback_of"] or row["slot"] != "current":
        return None
    return other if other in channels else None
