"""Decisions have reason codes, signatures and a second person; cases show who is on them; plans are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind in (
        ("reason_code", sa.Text()),
        ("signed_at", sa.BigInteger()),
        ("seconded_by", sa.Text()),
        ("seconded_role", sa.Text()),
        ("seconded_at", sa.BigInteger()),
        ("second_agrees", sa.Boolean()),
        ("second_reason", sa.Text()),
        ("second_signed_at", sa.BigInteger()),
    ):
        op.add_column("decisions", sa.Column(name, kind, nullable=True))
    op.add_column("cases", sa.Column("taken_by", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("taken_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "plans",
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("line", "version"),
    )
