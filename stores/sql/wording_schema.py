"""The tables of stores/sql/wordings.py: editions of the words of notices, and what was decided of them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from stores.sql.schema import Serial, metadata

wording_parts = Table(
    "wording_parts",
    metadata,
    Column("part", Text, primary_key=True, comment="SHA-256 of what `data` holds: editions share files and texts"),
    Column("data", LargeBinary, nullable=False, comment="zlib"),
)

wording_editions = Table(
    "wording_editions",
    metadata,
    Column("edition", Text, primary_key=True, comment="SHA-256"),
    Column("kind", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("parts", Text, nullable=False, comment="JSON: what of the edition -> part"),
    Column("seen_at", BigInteger, nullable=False),
    Index(None, "kind", "locale"),
)

wording_decisions = Table(
    "wording_decisions",
    metadata,
    Column("number", Serial, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("edition", Text, nullable=False),
    Column("act", Text, nullable=False, comment="released submitted approved rejected reverted"),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Index(None, "kind", "locale"),
    sqlite_autoincrement=True,
)

wording_trees = Table(
    "wording_trees",
    metadata,
    Column("tree", Text, primary_key=True, comment="SHA-256 over a release's words: its editions are known"),
    Column("at", BigInteger, nullable=False),
)
