"""What text messages took: counted in the transaction that records that a provider took them, summed for the console."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from domain.messages import Receipt
from stores.sql.engine import Database
from stores.sql.schema import sms_usage

MILLION = 1_000_000
COUNTED = ("messages", "segments", "micros")
u = sms_usage.c


class SqlUsage:
    """Thread-safe."""

    def __init__(self, database: Database):
        self._database = database

    def since(self, day: datetime) -> list[dict[str, Any]]:
        """By provider, country and currency: `messages`, `segments`, `cost` (Decimal) from the UTC day of `day` on, the dearest first."""
        sums = [func.sum(u[name]).label(name) for name in COUNTED]
        query = select(u.provider, u.country, u.currency, *sums).where(u.day >= f"{day:%Y-%m-%d}")
        with self._database.reading() as connection:
            found = connection.execute(query.group_by(u.provider, u.country, u.currency)).mappings().all()
        rows = [
            {"provider": r["provider"], "country": r["country"], "currency": r["currency"], "messages": int(r["messages"]),
             "segments": int(r["segments"]), "cost": Decimal(int(r["micros"])) / MILLION}
            for r in found
        ]  # fmt: skip
        return sorted(rows, key=lambda r: (-r["cost"], -r["segments"], r["provider"], r["country"]))


def count_sms(connection: Connection, taken: Iterable[tuple[Receipt, str]]) -> None:
    """Adds receipts, each with the notice's kind. Rows in a fixed order, so that two workers never wait for each other."""
    sums: dict[tuple[str, ...], list[int]] = {}
    for receipt, kind in taken:
        if receipt.sms is None:
            continue
        key = (f"{receipt.at:%Y-%m-%d}", receipt.provider or "", receipt.sms.country, kind, receipt.sms.currency)
        one = sums.setdefault(key, [0, 0, 0])
        one[0] += 1
        one[1] += receipt.sms.segments
        one[2] += int(Decimal(receipt.sms.cost or "0") * MILLION)
    if not sums:
        return
    names = ("day", "provider", "country", "kind", "currency")
    made = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(sms_usage)
    add = made.on_conflict_do_update(index_elements=names, set_={name: u[name] + made.excluded[name] for name in COUNTED})
    connection.execute(
        add, [dict(zip(names, key, strict=True)) | dict(zip(COUNTED, one, strict=True)) for key, one in sorted(sums.items())]
    )
