"""What a rebuild would tell, beside what was told: the difference that a changed configuration, or a lost profile, makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from config.settings import Settings
from domain.ports import Unavailable


def difference(notices: Sequence[Mapping[str, Any]], told: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """`notices`: as the rebuild made them; `told`: (id, kind, severity) of those in the ledger.

    `new`: ids that were never told; `gone`: the told that don't come again, as `{"notice_id", "kind", "severity"}`.
    """
    made = {str(notice["notice_id"]) for notice in notices}
    known = {name: (kind, severity) for name, kind, severity in told}
    return {
        "new": [str(notice["notice_id"]) for notice in notices if notice["notice_id"] not in known],
        "gone": [{"notice_id": name, "kind": known[name][0], "severity": known[name][1]} for name in known if name not in made],
    }


def compared(settings: Settings, notices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The difference to the ledger, from the time of the first notice made on; or `{"not_compared": why}`. Writes nothing."""
    from ledger.book import Book
    from stores.sql.migrate import StoreError
    from stores.sql.store import open_store

    secret = settings.secret_key.get_secret_value()
    if not secret:
        return {"not_compared": "the ledger can't be read without VIGIL_SECRET_KEY"}
    since = min((datetime.fromisoformat(str(notice["occurred_at"])) for notice in notices), default=datetime.now(UTC))
    try:
        store = open_store(settings.database.url, Book(secret))
    except (StoreError, Unavailable) as error:
        return {"not_compared": str(error)}
    try:
        return difference(notices, store.told_since(since))
    finally:
        store.close()
