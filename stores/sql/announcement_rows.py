"""Announcements as they are read from SQL: versions, where one stands, readers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from domain.events import Announcement
from domain.ledger import moment
from domain.messages import Source
from stores.sql.announcement_tables import announcement_readers, announcement_versions, announcements

a, v, r = announcements.c, announcement_versions.c, announcement_readers.c
DECODE = msgspec.json.Decoder(Announcement)


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version, as it was written and decided."""

    announcement_id: str
    version: int
    state: Literal["draft", "submitted", "approved", "refused"]
    author: str
    approver: str | None
    content: Announcement
    created_at: datetime
    decided_at: datetime | None
    source: Source | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An announcement as a whole. `version` is the one that is told, 0 before any is."""

    announcement_id: str
    source: str
    state: str
    version: int
    reason: str | None
    scans: int
    scan_at: datetime | None
    wave_at: datetime | None
    waves: int
    send_at: datetime
    expires_at: datetime
    created_at: datetime
    updated_at: datetime


class Reader(msgspec.Struct, frozen=True):
    """Someone whose turn it is. `told`: the version that he was told last, 0 for none."""

    user_id: str
    told: int
    notice_id: str | None


class Progress(msgspec.Struct, frozen=True):
    """Readers found, told the present version, told any."""

    readers: int
    now: int
    ever: int


def version_of(row: Any) -> Version:
    """The version in a row of announcement_versions."""
    source = Source(row["topic"], row["partition"], row["offset"]) if row["topic"] is not None else None
    return Version(
        announcement_id=row["announcement_id"], version=row["version"], state=row["state"], author=row["author"], approver=row["approver"],
        content=DECODE.decode(row["content"]), created_at=moment(row["created_at"]),
        decided_at=None if row["decided_at"] is None else moment(row["decided_at"]), source=source,
    )  # fmt: skip


def standing_of(row: Any) -> Standing:
    """The announcement in a row of announcements."""

    def when(name: str) -> datetime | None:
        return None if row[name] is None else moment(row[name])

    return Standing(
        announcement_id=row["announcement_id"], source=row["source"], state=row["state"], version=row["version"], reason=row["reason"],
        scans=row["scans"], scan_at=when("scan_at"), wave_at=when("wave_at"), waves=row["waves"], send_at=moment(row["send_at"]),
        expires_at=moment(row["expires_at"]), created_at=moment(row["created_at"]), updated_at=moment(row["updated_at"]),
    )  # fmt: skip
