"""Contacts that messages came back from, and what users want no more of."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refusals",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column(
            "what", sa.Text(), nullable=False, comment="`bounced`: the contact is no good; else the class that the user wants no more of"
        ),
        sa.Column("contact", sa.Text(), nullable=False, comment="keyed hash of the contact that bounced; '' for a wish"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "channel", "what", "contact", name=op.f("pk_refusals")),
    )


def downgrade() -> None:
    op.drop_table("refusals")
