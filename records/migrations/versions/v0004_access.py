"""Accounts have badges and PINs, can be switched off and signed out everywhere; programs have tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("accounts") as accounts:
        accounts.alter_column("password_hash", existing_type=sa.Text(), nullable=True)
        accounts.add_column(sa.Column("badge", sa.Text(), nullable=True))
        accounts.add_column(sa.Column("pin_hash", sa.Text(), nullable=True))
        accounts.add_column(sa.Column("disabled", sa.Boolean(), nullable=False, server_default=sa.false()))
        accounts.add_column(sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()))
        accounts.add_column(sa.Column("epoch", sa.Integer(), nullable=False, server_default="0"))
        accounts.add_column(sa.Column("subject", sa.Text(), nullable=True))
        accounts.create_unique_constraint("accounts_badge_key", ["badge"])
        accounts.create_unique_constraint("accounts_subject_key", ["subject"])
    op.create_table(
        "ended_sessions",
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("nonce"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
