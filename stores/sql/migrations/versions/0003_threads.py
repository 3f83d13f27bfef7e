"""Notices that go on about one thing, and answers that were only recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    thread = sa.Column("thread", sa.Text(), nullable=True, comment="what it goes on about, where another notice may take its place")
    op.add_column("notices", thread)
    recorded_only: sa.Column[bool] = sa.Column(
        "recorded_only", sa.Boolean(), nullable=False, server_default=sa.false(), comment="a `me` that decides nothing by itself"
    )
    op.add_column("answers", recorded_only)


def downgrade() -> None:
    op.drop_column("answers", "recorded_only")
    op.drop_column("notices", "thread")
