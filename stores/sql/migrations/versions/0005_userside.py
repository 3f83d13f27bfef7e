"""Whether notices helped, and the cases that a "not me" opens."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "helpful_votes",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False, comment="in which the notice was read"),
        sa.Column("template", sa.Text(), nullable=False, comment="kind@version, without the wording of a text message"),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False, comment="`inbox`, or `link` (a page behind a mail)"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", "user_id", name=op.f("pk_helpful_votes")),
    )
    op.create_index(op.f("ix_helpful_votes_kind_locale_template"), "helpful_votes", ["kind", "locale", "template"])
    op.create_index(op.f("ix_helpful_votes_user_id"), "helpful_votes", ["user_id"])
    op.create_table(
        "cases",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False, comment="how the user said it: `link`, `old_contact`, `inbox`"),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger()),
        sa.Column("closed_by", sa.Text()),
        sa.Column("outcome", sa.Text(), comment="in the words of whoever closed it"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_cases")),
        sa.UniqueConstraint("notice_id", name=op.f("uq_cases_notice_id")),
    )
    op.create_index(op.f("ix_cases_user_id_opened_at"), "cases", ["user_id", "opened_at"])
    op.create_index(op.f("ix_cases_opened_at"), "cases", ["opened_at"])


def downgrade() -> None:
    op.drop_table("cases")
    op.drop_table("helpful_votes")
