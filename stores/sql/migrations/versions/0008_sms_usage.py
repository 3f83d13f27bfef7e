"""What text messages took, by day, provider, country and kind."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sms_usage",
        sa.Column("day", sa.Text(), nullable=False, comment="UTC, 2026-11-22"),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False, comment="of the number, ISO 3166; '' where it has none"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False, comment="'' where no price is known"),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("segments", sa.BigInteger(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False, comment="millionths of the currency"),
        sa.PrimaryKeyConstraint("day", "provider", "country", "kind", "currency", name=op.f("pk_sms_usage")),
    )


def downgrade() -> None:
    op.drop_table("sms_usage")
