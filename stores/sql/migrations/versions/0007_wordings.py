"""Editions of the words of notices, and what was decided of them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wording_parts",
        sa.Column("part", sa.Text(), nullable=False, comment="SHA-256 of what `data` holds: editions share files and texts"),
        sa.Column("data", sa.LargeBinary(), nullable=False, comment="zlib"),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_wording_parts")),
    )
    op.create_table(
        "wording_editions",
        sa.Column("edition", sa.Text(), nullable=False, comment="SHA-256"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False, comment="JSON: what of the edition -> part"),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("edition", name=op.f("pk_wording_editions")),
    )
    op.create_index(op.f("ix_wording_editions_kind_locale"), "wording_editions", ["kind", "locale"])
    op.create_table(
        "wording_decisions",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False, comment="released submitted approved rejected reverted"),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_wording_decisions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_wording_decisions_kind_locale"), "wording_decisions", ["kind", "locale"])
    op.create_table(
        "wording_trees",
        sa.Column("tree", sa.Text(), nullable=False, comment="SHA-256 over a release's words: its editions are known"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tree", name=op.f("pk_wording_trees")),
    )


def downgrade() -> None:
    op.drop_table("wording_trees")
    op.drop_table("wording_decisions")
    op.drop_table("wording_editions")
    op.drop_table("wording_parts")
