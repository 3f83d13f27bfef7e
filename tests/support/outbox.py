"""An outbox in memory, with the promises of domain.ports.Outbox, and deliveries to put into it."""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP

from domain.messages import Medium, Receipt
from domain.ports import Delivery, Rendered
from domain.severity import RANK
from tests.support.background import PATIENCE


def now() -> datetime:
    return datetime.now(UTC)


def mail_bytes(recipient: str, notice_id: str, text: str = "Was this you?") -> bytes:
    """A ready e-mail as composition makes it: without From."""
    mail = EmailMessage(policy=SMTP)
    mail["To"] = recipient
    mail["Subject"] = "New device"
    mail["Message-ID"] = f"<{notice_id}@vigil>"
    mail["X-Vigil-Notice"] = notice_id
    mail.set_content(text)
    mail.add_alternative(f"<p>{text}</p>", subtype="html")
    return bytes(mail)


def rendered(
    number: int | str = 1, channel: Medium = "email", recipient: str | None = None, payload: bytes | None = None, **more: object
) -> Rendered:
    """A message to `user<number>`; anything else by keyword."""
    to = recipient or {"email": f"user{number}@mail.example", "sms": f"+88691200{number:0>4}", "inapp": f"user{number}"}[channel]
    fields: dict[str, object] = {
        "delivery_id": f"{channel}-{number}",
        "notice_id": f"notice-{number}",
        "user_id": f"user{number}",
        "kind": "login_new_device",
        "severity": "notice",
        "slot": "current",
        "locale": "en",
        "locale_reason": "user",
        "template": "login_new_device@1",
        "subject": "New device",
    }
    body = payload or {"email": mail_bytes(to, f"notice-{number}"), "sms": b"New device. Was this you?", "inapp": b"{}"}[channel]
    return Rendered(**{**fields, **more}, channel=channel, recipient=to, payload=body)  # type: ignore[arg-type]


@dataclass
class Row:
    delivery: Delivery
    owner: str | None = None
    final: bool = False
    history: list[Receipt] = field(default_factory=list)


class MemoryOutbox:
    """Rows by delivery id. `broken` makes every call raise, as when SQL is away."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.fall_backs: dict[str, Medium] = {}
        self.dead: list[str] = []
        self.broken = False
        self._changed = threading.Condition()

    def add(self, *messages: Rendered, created_at: datetime | None = None, attempt: int = 0, fallback_of: str | None = None) -> None:
        at = created_at or now()
        with self._changed:
            for message in messages:
                self.rows[message.delivery_id] = Row(Delivery(
                    rendered=message, status="queued", attempt=attempt, created_at=at, due_at=at, fallback_of=fallback_of))  # fmt: skip

    def claim(
        self, owner: str, now: datetime, limit: int, lease_seconds: float, channels: Collection[Medium] | None = None
    ) -> list[Delivery]:
        with self._changed:
            self._check()
            due = [row for row in self.rows.values() if not row.final and row.delivery.due_at <= now
                   and (channels is None or row.delivery.rendered.channel in channels)]  # fmt: skip
            due.sort(key=lambda row: (-RANK[row.delivery.rendered.severity], row.delivery.due_at))
            for row in due[:limit]:
                row.owner, row.delivery.due_at = owner, now + timedelta(seconds=lease_seconds)
            return [row.delivery for row in due[:limit]]

    def record(
        self, results: Sequence[tuple[Receipt, datetime | None]], fall_back: Mapping[str, Medium] | None = None, dead: Collection[str] = ()
    ) -> None:
        with self._changed:
            self._check()
            for receipt, due in results:
                row = self.rows[receipt.delivery_id]
                row.history.append(receipt)
                row.owner, row.final = None, due is None
                old = row.delivery
                row.delivery = Delivery(rendered=old.rendered, status=receipt.status, attempt=receipt.attempt, created_at=old.created_at,
                                        due_at=due or old.due_at, fallback_of=old.fallback_of)  # fmt: skip
            self.fall_backs.update(fall_back or {})
            self.dead += dead
            self._changed.notify_all()

    def hasten(self, channel: Medium, now: datetime, limit: int | None = None) -> int:
        with self._changed:
            self._check()
            waiting = [row for row in self.rows.values() if not row.final and row.owner is None and row.delivery.due_at > now
                       and row.delivery.rendered.channel == channel][:limit]  # fmt: skip
            for row in waiting:
                row.delivery.due_at = now
            return len(waiting)

    def release(self, owner: str | None, now: datetime) -> int:
        with self._changed:
            mine = [row for row in self.rows.values() if not row.final and row.owner is not None and owner in (None, row.owner)]
            for row in mine:
                row.owner, row.delivery.due_at = None, now
            return len(mine)

    def depth(self, now: datetime) -> dict[str, int]:
        return {}

    def next_due(self) -> datetime | None:
        return None

    def history(self, delivery_id: str) -> list[str]:
        """The statuses recorded for a delivery, in order."""
        return [receipt.status for receipt in self.rows[delivery_id].history]

    def last(self, delivery_id: str) -> Receipt:
        return self.rows[delivery_id].history[-1]

    def wait_final(self, *delivery_ids: str, seconds: float = PATIENCE) -> None:
        """Waits until these (or all) have ended."""
        with self._changed:
            ended = self._changed.wait_for(
                lambda: all(self.rows[i].final for i in delivery_ids or self.rows), seconds
            )  # fmt: skip
        assert ended, f"not final: {[i for i, row in self.rows.items() if not row.final][:10]}"

    def wait_history(self, delivery_id: str, count: int, seconds: float = PATIENCE) -> None:
        """Waits until a delivery has so many receipts."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.rows[delivery_id].history) >= count, seconds), self.history(delivery_id)

    def _check(self) -> None:
        if self.broken:
            raise ConnectionError("the database is away")
