"""Sessions of the console that were ended before their time."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ended_sessions",
        sa.Column("session", sa.Text(), nullable=False, comment="its id, as in the cookie; nobody can sign in with it"),
        sa.Column("until", sa.BigInteger(), nullable=False, comment="when it would have ended by itself"),
        sa.PrimaryKeyConstraint("session", name=op.f("pk_ended_sessions")),
    )


def downgrade() -> None:
    op.drop_table("ended_sessions")
