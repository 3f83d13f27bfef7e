"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answer_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256; the token itself is in the message only"),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_answer_tokens")),
    )
    op.create_index(op.f("ix_answer_tokens_notice_id"), "answer_tokens", ["notice_id"], unique=False)
    op.create_table(
        "answers",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("via", sa.Text(), nullable=True),
        sa.Column("chain", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_answers")),
    )
    op.create_index(op.f("ix_answers_answered_at"), "answers", ["answered_at"], unique=False)
    op.create_index(op.f("ix_answers_user_id"), "answers", ["user_id"], unique=False)
    op.create_table(
        "bus_outbox",
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_bus_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "decisions",
        sa.Column("verdict_id", sa.Text(), nullable=False),
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True, comment="of the verdict in bus_outbox, as long as it can be withdrawn"),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("verdict_id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_at"), "decisions", ["at"], unique=False)
    op.create_index(op.f("ix_decisions_finding_id"), "decisions", ["finding_id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("locale_reason", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False, comment="0 critical ... 3 info: gravest goes first"),
        sa.Column("due_at", sa.BigInteger(), nullable=False, comment="when it may be claimed; a claim moves it to the end of its lease"),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("fallback_of", sa.Text(), nullable=True),
        sa.Column("chain", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_deliveries")),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["channel", "urgency", "due_at"],
        unique=False,
        sqlite_where=sa.text("final = 0"),
        postgresql_where=sa.text("NOT final"),
    )
    op.create_index(op.f("ix_deliveries_notice_id"), "deliveries", ["notice_id"], unique=False)
    op.create_index(op.f("ix_deliveries_user_id"), "deliveries", ["user_id"], unique=False)
    op.create_table(
        "digest_parts",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", "channel", name=op.f("pk_digest_parts")),
    )
    op.create_index(op.f("ix_digest_parts_due_at"), "digest_parts", ["due_at"], unique=False)
    op.create_index(op.f("ix_digest_parts_user_id_channel"), "digest_parts", ["user_id", "channel"], unique=False)
    op.create_table(
        "findings",
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("partition", sa.Integer(), nullable=True),
        sa.Column("offset", sa.BigInteger(), nullable=True),
        sa.Column("notice_id", sa.Text(), nullable=True),
        sa.Column("suppressed", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False, comment="the Finding as JSON; reasons and facts are emptied when the user is erased"),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_detector_occurred_at"), "findings", ["detector", "occurred_at"], unique=False)
    op.create_index(op.f("ix_findings_event_id"), "findings", ["event_id"], unique=False)
    op.create_index(op.f("ix_findings_notice_id"), "findings", ["notice_id"], unique=False)
    op.create_index(op.f("ix_findings_occurred_at"), "findings", ["occurred_at"], unique=False)
    op.create_index(op.f("ix_findings_severity_occurred_at"), "findings", ["severity", "occurred_at"], unique=False)
    op.create_index(op.f("ix_findings_user_id_occurred_at"), "findings", ["user_id", "occurred_at"], unique=False)
    op.create_table(
        "ledger_contents",
        sa.Column("content_id", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_ledger_contents")),
    )
    op.create_index(op.f("ix_ledger_contents_partition_number"), "ledger_contents", ["partition", "number"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("notice_id", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "number", name=op.f("pk_ledger_entries")),
    )
    op.create_index(op.f("ix_ledger_entries_kind_at"), "ledger_entries", ["kind", "at"], unique=False)
    op.create_index(op.f("ix_ledger_entries_notice_id"), "ledger_entries", ["notice_id"], unique=False)
    op.create_index(op.f("ix_ledger_entries_user_id_at"), "ledger_entries", ["user_id", "at"], unique=False)
    op.create_table(
        "ledger_heads",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("partition", name=op.f("pk_ledger_heads")),
    )
    op.create_table(
        "ledger_keys",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_ledger_keys")),
    )
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("partition", sa.Integer(), nullable=True),
        sa.Column("offset", sa.BigInteger(), nullable=True),
        sa.Column("finding_ids", sa.Text(), nullable=False),
        sa.Column("channels", sa.Text(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("config_hash", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_event_id"), "notices", ["event_id"], unique=False)
    op.create_index(op.f("ix_notices_recorded_at"), "notices", ["recorded_at"], unique=False)
    op.create_index(op.f("ix_notices_user_id_recorded_at"), "notices", ["user_id", "recorded_at"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("receipt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("chain", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("receipt_id", name=op.f("pk_receipts")),
    )
    op.create_index(op.f("ix_receipts_at"), "receipts", ["at"], unique=False)
    op.create_index(op.f("ix_receipts_notice_id"), "receipts", ["notice_id"], unique=False)
    op.create_index(op.f("ix_receipts_provider_id"), "receipts", ["provider_id"], unique=False)
    op.create_table(
        "redriven",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", "offset", name=op.f("pk_redriven")),
    )
    op.create_table(
        "waiting",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("fallback_of", sa.Text(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", "channel", name=op.f("pk_waiting")),
    )
    op.create_index(op.f("ix_waiting_due_at"), "waiting", ["due_at"], unique=False)
    op.create_index(op.f("ix_waiting_user_id"), "waiting", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_waiting_user_id"), table_name="waiting")
    op.drop_index(op.f("ix_waiting_due_at"), table_name="waiting")
    op.drop_table("waiting")
    op.drop_table("redriven")
    op.drop_index(op.f("ix_receipts_provider_id"), table_name="receipts")
    op.drop_index(op.f("ix_receipts_notice_id"), table_name="receipts")
    op.drop_index(op.f("ix_receipts_at"), table_name="receipts")
    op.drop_table("receipts")
    op.drop_index(op.f("ix_notices_user_id_recorded_at"), table_name="notices")
    op.drop_index(op.f("ix_notices_recorded_at"), table_name="notices")
    op.drop_index(op.f("ix_notices_event_id"), table_name="notices")
    op.drop_table("notices")
    op.drop_table("ledger_keys")
    op.drop_table("ledger_heads")
    op.drop_index(op.f("ix_ledger_entries_user_id_at"), table_name="ledger_entries")
    op.drop_index(op.f("ix_ledger_entries_notice_id"), table_name="ledger_entries")
    op.drop_index(op.f("ix_ledger_entries_kind_at"), table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_index(op.f("ix_ledger_contents_partition_number"), table_name="ledger_contents")
    op.drop_table("ledger_contents")
    op.drop_index(op.f("ix_findings_user_id_occurred_at"), table_name="findings")
    op.drop_index(op.f("ix_findings_severity_occurred_at"), table_name="findings")
    op.drop_index(op.f("ix_findings_occurred_at"), table_name="findings")
    op.drop_index(op.f("ix_findings_notice_id"), table_name="findings")
    op.drop_index(op.f("ix_findings_event_id"), table_name="findings")
    op.drop_index(op.f("ix_findings_detector_occurred_at"), table_name="findings")
    op.drop_table("findings")
    op.drop_index(op.f("ix_digest_parts_user_id_channel"), table_name="digest_parts")
    op.drop_index(op.f("ix_digest_parts_due_at"), table_name="digest_parts")
    op.drop_table("digest_parts")
    op.drop_index(op.f("ix_deliveries_user_id"), table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_notice_id"), table_name="deliveries")
    op.drop_index("ix_deliveries_due", table_name="deliveries", sqlite_where=sa.text("final = 0"), postgresql_where=sa.text("NOT final"))
    op.drop_table("deliveries")
    op.drop_index(op.f("ix_decisions_finding_id"), table_name="decisions")
    op.drop_index(op.f("ix_decisions_at"), table_name="decisions")
    op.drop_table("decisions")
    op.drop_table("bus_outbox")
    op.drop_index(op.f("ix_answers_user_id"), table_name="answers")
    op.drop_index(op.f("ix_answers_answered_at"), table_name="answers")
    op.drop_table("answers")
    op.drop_index(op.f("ix_answer_tokens_notice_id"), table_name="answer_tokens")
    op.drop_table("answer_tokens")
