"""The tables of announcements; conventions as in schema.py."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from stores.sql.schema import metadata

announcements = Table(
    "announcements",
    metadata,
    Column("announcement_id", Text, primary_key=True),
    Column("source", Text, nullable=False, comment="`topic` or `console`"),
    Column("state", Text, nullable=False, comment="draft live blocked cancelled resolved expired"),
    Column("version", Integer, nullable=False, comment="the one that is told; 0: none yet"),
    Column("reason", Text, comment="why it is blocked or expired"),
    Column("scans", Integer, nullable=False, comment="how often its audience was looked for, this version"),
    Column("scan_at", BigInteger, comment="when it is looked for next; NULL: no more"),
    Column("wave_at", BigInteger, comment="when the next wave goes out; NULL: none is due"),
    Column("waves", Integer, nullable=False),
    Column("send_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("owner", Text),
    Column("leased_until", BigInteger, nullable=False),
    Index(None, "state", "updated_at"),
)

announcement_versions = Table(
    "announcement_versions",
    metadata,
    Column("announcement_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False),
    Column("state", Text, nullable=False, comment="draft submitted approved refused"),
    Column("author", Text, nullable=False),
    Column("approver", Text),
    Column("content", Text, nullable=False, comment="the Announcement as JSON"),
    Column("created_at", BigInteger, nullable=False),
    Column("decided_at", BigInteger),
    Column("topic", Text),
    Column("partition", Integer),
    Column("offset", BigInteger),
    Index(None, "announcement_id", "event_id", unique=True),
)

announcement_readers = Table(
    "announcement_readers",
    metadata,
    Column("announcement_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("locale", Text, nullable=False),
    Column("version", Integer, nullable=False, comment="told last; 0: not told yet"),
    Column("wave", Integer, nullable=False),
    Column("notice_id", Text),
    Column("told_at", BigInteger),
    Index(None, "announcement_id", "version"),
    Index(None, "user_id"),
)
"""Whom an announcement is for. One row a reader: so nobody is told a version twice, whoever sends."""
