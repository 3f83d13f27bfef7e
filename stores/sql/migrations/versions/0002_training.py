"""What a trainer keeps: rows that wait for a verdict, models, offsets."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "training_rows",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("user_key", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_training_rows")),
    )
    op.create_index(op.f("ix_training_rows_at"), "training_rows", ["at"], unique=False)
    op.create_index(op.f("ix_training_rows_user_key"), "training_rows", ["user_key"], unique=False)
    op.create_table(
        "training_state",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_training_state")),
    )
