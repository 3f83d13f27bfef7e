"""The tables. Times are microseconds since the epoch (UTC), ids are text, JSON is text; what is personal is encrypted in `ledger_contents`.

Every table with `ledger` in its name is covered row by row, column by column, by `ledger verify`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text, false, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

ENDS = ("failed", "rejected", "bounced", "unknown")
"""How a delivery may have ended without anybody knowing that it arrived."""
ENDED = "status IN ('failed', 'rejected', 'bounced', 'unknown')"
"""The same as the index of those has it; SQLite takes that index only for these very words, not for parameters."""

# SQLite numbers rows by itself only for INTEGER PRIMARY KEY.
Serial = BigInteger().with_variant(Integer, "sqlite")

notices = Table(
    "notices",
    metadata,
    Column("notice_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("event_id", Text, nullable=False),
    Column("topic", Text),
    Column("partition", Integer),
    Column("offset", BigInteger),
    Column("finding_ids", Text, nullable=False),
    Column("channels", Text, nullable=False),
    Column("parts", Text, nullable=False),
    Column("config_hash", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("chain", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("thread", Text, comment="what it goes on about, where another notice may take its place"),
    Index(None, "user_id", "recorded_at"),
    Index(None, "recorded_at"),
    Index(None, "event_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("notice_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("slot", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("locale_reason", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("provider", Text),
    Column("provider_id", Text),
    Column("attempt", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("final", Boolean, nullable=False),
    Column("urgency", Integer, nullable=False, comment="0 critical ... 3 info: gravest goes first"),
    Column("due_at", BigInteger, nullable=False, comment="when it may be claimed; a claim moves it to the end of its lease"),
    Column("owner", Text),
    Column("fallback_of", Text),
    Column("chain", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Index("ix_deliveries_ended", "status", "updated_at", sqlite_where=text(ENDED), postgresql_where=text(ENDED)),
    Index("ix_deliveries_due", "channel", "urgency", "due_at", sqlite_where=text("final = 0"), postgresql_where=text("NOT final")),
    Index(None, "notice_id"),
    Index(None, "user_id"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("receipt_id", Serial, primary_key=True),
    Column("delivery_id", Text, nullable=False),
    Column("notice_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("provider", Text),
    Column("provider_id", Text),
    Column("attempt", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reason", Text),
    Column("chain", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Index(None, "notice_id"),
    Index(None, "provider_id"),
    Index(None, "at"),
)

findings = Table(
    "findings",
    metadata,
    Column("finding_id", Text, primary_key=True),
    Column("detector", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    Column("topic", Text),
    Column("partition", Integer),
    Column("offset", BigInteger),
    Column("notice_id", Text),
    Column("suppressed", Text),
    Column("body", Text, nullable=False, comment="the Finding as JSON; reasons and facts are emptied when the user is erased"),
    Column("recorded_at", BigInteger, nullable=False),
    Index(None, "user_id", "occurred_at"),
    Index(None, "event_id"),
    Index(None, "notice_id"),
    Index(None, "detector", "occurred_at"),
    Index(None, "occurred_at"),
    Index(None, "severity", "occurred_at"),
)

answers = Table(
    "answers",
    metadata,
    Column("notice_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("answered_at", BigInteger),
    Column("answer", Text),
    Column("via", Text),
    Column("chain", Integer, nullable=False),
    Column("recorded_only", Boolean, nullable=False, server_default=false(), comment="a `me` that decides nothing by itself"),
    Index(None, "user_id"),
    Index(None, "answered_at"),
)

answer_tokens = Table(
    "answer_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True, comment="SHA-256; the token itself is in the message only"),
    Column("notice_id", Text, nullable=False),
    Column("slot", Text, nullable=False),
    Index(None, "notice_id"),
)

bus_outbox = Table(
    "bus_outbox",
    metadata,
    Column("message_id", Serial, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

waiting = Table(
    "waiting",
    metadata,
    Column("notice_id", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("fallback_of", Text),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("chain", Integer, nullable=False),
    Index(None, "due_at"),
    Index(None, "user_id"),
)

digest_parts = Table(
    "digest_parts",
    metadata,
    Column("notice_id", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("chain", Integer, nullable=False),
    Index(None, "due_at"),
    Index(None, "user_id", "channel"),
)

refusals = Table(
    "refusals",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("what", Text, primary_key=True, comment="`bounced`: the contact is no good; else the class that the user wants no more of"),
    Column("contact", Text, primary_key=True, comment="keyed hash of the contact that bounced; '' for a wish"),
    Column("at", BigInteger, nullable=False),
)

helpful_votes = Table(
    "helpful_votes",
    metadata,
    Column("notice_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("locale", Text, nullable=False, comment="in which the notice was read"),
    Column("template", Text, nullable=False, comment="kind@version, without the wording of a text message"),
    Column("helpful", Boolean, nullable=False),
    Column("via", Text, nullable=False, comment="`inbox`, or `link` (a page behind a mail)"),
    Column("at", BigInteger, nullable=False),
    Index(None, "kind", "locale", "template"),
    Index(None, "user_id"),
)

cases = Table(
    "cases",
    metadata,
    Column("number", Text, primary_key=True),
    Column("notice_id", Text, nullable=False, unique=True),
    Column("user_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("via", Text, nullable=False, comment="how the user said it: `link`, `old_contact`, `inbox`"),
    Column("opened_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("closed_by", Text),
    Column("outcome", Text, comment="in the words of whoever closed it"),
    Index(None, "user_id", "opened_at"),
    Index(None, "opened_at"),
)
"""What a "not me" opens. The number is for people to say; it names neither notice nor user."""

sms_usage = Table(
    "sms_usage",
    metadata,
    Column("day", Text, primary_key=True, comment="UTC, 2026-11-22"),
    Column("provider", Text, primary_key=True),
    Column("country", Text, primary_key=True, comment="of the number, ISO 3166; '' where it has none"),
    Column("kind", Text, primary_key=True),
    Column("currency", Text, primary_key=True, comment="'' where no price is known"),
    Column("messages", BigInteger, nullable=False),
    Column("segments", BigInteger, nullable=False),
    Column("micros", BigInteger, nullable=False, comment="millionths of the currency"),
)
"""What text messages took: no user, no number."""

ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("session", Text, primary_key=True, comment="its id, as in the cookie; nobody can sign in with it"),
    Column("until", BigInteger, nullable=False, comment="when it would have ended by itself"),
)
"""Sessions of the console that somebody signed out of."""

redriven = Table(
    "redriven",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("verdict_id", Text, primary_key=True),
    Column("finding_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("message_id", BigInteger, comment="of the verdict in bus_outbox, as long as it can be withdrawn"),
    Column("withdrawn_at", BigInteger),
    Index(None, "finding_id"),
    Index(None, "at"),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("user_id", Text),
    Column("notice_id", Text),
    Column("body", LargeBinary, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index(None, "user_id", "at"),
    Index(None, "notice_id"),
    Index(None, "kind", "at"),
)

ledger_contents = Table(
    "ledger_contents",
    metadata,
    Column("content_id", Text, primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index(None, "partition", "number"),
)

ledger_keys = Table(
    "ledger_keys",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)

ledger_heads = Table(
    "ledger_heads",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

training_rows = Table(
    "training_rows",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("user_key", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index(None, "at"),
    Index(None, "user_key"),
)
"""Events whose features wait for a verdict: numbers, fingerprints and where money went; no contact, no name."""

training_state = Table(
    "training_state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
