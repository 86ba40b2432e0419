"""Alarms are acknowledged and shelved, bursts have a first one, and shifts leave notes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LISTED = "cleared_at IS NULL OR acknowledged_at IS NULL"


def upgrade() -> None:
    op.add_column("alarms", sa.Column("latched", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("alarms", sa.Column("acknowledged_at", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("acknowledged_by", sa.Text(), nullable=True))
    op.add_column("alarms", sa.Column("burst", sa.BigInteger(), nullable=True))
    # What was over before anybody could acknowledge it is not asked about.
    op.execute("UPDATE alarms SET acknowledged_at = cleared_at, acknowledged_by = '' WHERE cleared_at IS NOT NULL")
    op.execute(sa.text("UPDATE alarms SET latched = :yes WHERE kind = 'cycles missed'").bindparams(yes=True))
    op.create_index(
        "alarms_listed",
        "alarms",
        ["line", "id"],
        unique=False,
        sqlite_where=sa.text(LISTED),
        postgresql_where=sa.text(LISTED),
    )
    op.create_index("alarms_raised_at", "alarms", ["line", "raised_at"], unique=False)
    op.create_index("alarms_burst", "alarms", ["burst"], unique=False)
    op.create_table(
        "shelves",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("shelves_line", "shelves", ["line", "until"], unique=False)
    op.create_table(
        "shift_notes",
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("line", "start"),
    )
