"""Announcements: their versions, who approved them, and whom they are for."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "announcements",
        sa.Column("announcement_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="`topic` or `console`"),
        sa.Column("state", sa.Text(), nullable=False, comment="draft live blocked cancelled resolved expired"),
        sa.Column("version", sa.Integer(), nullable=False, comment="the one that is told; 0: none yet"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it is blocked or expired"),
        sa.Column("scans", sa.Integer(), nullable=False, comment="how often its audience was looked for, this version"),
        sa.Column("scan_at", sa.BigInteger(), nullable=True, comment="when it is looked for next; NULL: no more"),
        sa.Column("wave_at", sa.BigInteger(), nullable=True, comment="when the next wave goes out; NULL: none is due"),
        sa.Column("waves", sa.Integer(), nullable=False),
        sa.Column("send_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("announcement_id", name=op.f("pk_announcements")),
    )
    op.create_index(op.f("ix_announcements_state_updated_at"), "announcements", ["state", "updated_at"], unique=False)
    op.create_table(
        "announcement_versions",
        sa.Column("announcement_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="draft submitted approved refused"),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False, comment="the Announcement as JSON"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("partition", sa.Integer(), nullable=True),
        sa.Column("offset", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("announcement_id", "version", name=op.f("pk_announcement_versions")),
    )
    name = op.f("ix_announcement_versions_announcement_id_event_id")
    op.create_index(name, "announcement_versions", ["announcement_id", "event_id"], unique=True)
    op.create_table(
        "announcement_readers",
        sa.Column("announcement_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="told last; 0: not told yet"),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("announcement_id", "user_id", name=op.f("pk_announcement_readers")),
    )
    op.create_index(
        op.f("ix_announcement_readers_announcement_id_version"), "announcement_readers", ["announcement_id", "version"], unique=False
    )
    op.create_index(op.f("ix_announcement_readers_user_id"), "announcement_readers", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_table("announcement_readers")
    op.drop_table("announcement_versions")
    op.drop_table("announcements")
