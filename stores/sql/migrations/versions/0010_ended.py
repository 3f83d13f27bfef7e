"""An index of the few deliveries that reached nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ENDED = "status IN ('failed', 'rejected', 'bounced', 'unknown')"


def upgrade() -> None:
    op.create_index(
        "ix_deliveries_ended", "deliveries", ["status", "updated_at"], sqlite_where=sa.text(ENDED), postgresql_where=sa.text(ENDED)
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_deliveries_ended", table_name="deliveries")
