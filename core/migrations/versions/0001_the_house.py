"""The house: every table of the spine, its append-only triggers and default partitions.

Drawn by `python -m core.migrations.draft` from the rooms' `tables.py`; tests/core/migrations proves that they are equal.
"""
# fmt: off

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from core.db.engine import Instant
from core.migrations.guards import guards_1

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the house."""
    op.create_table('alarm',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('details', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alarm')),
    sa.UniqueConstraint('key', name=op.f('uq_alarm_key'))
    )
    op.create_index('ix_alarm_at', 'alarm', ['at'], unique=False)
    op.create_table('api_key',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('prefix', sa.Text(), nullable=False),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('branch', sa.Text(), nullable=True),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('revoked_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_key')),
    sa.UniqueConstraint('prefix', name=op.f('uq_api_key_prefix'))
    )
    op.create_table('approval',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('payload', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('seal', sa.Text(), nullable=False),
    sa.Column('maker', sa.Text(), nullable=False),
    sa.Column('branch_id', sa.BigInteger(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('made_at', Instant(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.Column('checker', sa.Text(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('decided_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_approval'))
    )
    op.create_index('ix_approval_state', 'approval', ['state', 'made_at'], unique=False)
    op.create_index('ix_approval_subject', 'approval', ['subject'], unique=False)
    op.create_table('audit',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('details', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit'))
    )
    op.create_index('ix_audit_subject', 'audit', ['subject', 'at'], unique=False)
    op.create_table('bar_command',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('service_id', sa.BigInteger(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('ref', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('settled_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bar_command')),
    sa.UniqueConstraint('key', name=op.f('uq_bar_command_key'))
    )
    op.create_index('uq_bar_command_live', 'bar_command', ['service_id'], unique=True, postgresql_where=sa.text("state IN ('sent', 'unknown')"), sqlite_where=sa.text("state IN ('sent', 'unknown')"))
    op.create_table('bill_run',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('run_date', sa.Date(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('accounts', sa.Integer(), nullable=False),
    sa.Column('parked', sa.Integer(), nullable=False),
    sa.Column('total_minor', sa.BigInteger(), nullable=False),
    sa.Column('started_at', Instant(), nullable=False),
    sa.Column('closed_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bill_run')),
    sa.UniqueConstraint('run_date', name=op.f('uq_bill_run_run_date'))
    )
    op.create_table('branch',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_branch')),
    sa.UniqueConstraint('code', name=op.f('uq_branch_code'))
    )
    op.create_table('bucket_movement',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('bucket_id', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bucket_movement')),
    sa.UniqueConstraint('key', 'bucket_id', name=op.f('uq_bucket_movement_key_bucket_id'))
    )
    op.create_index('ix_bucket_movement_bucket', 'bucket_movement', ['bucket_id', 'at'], unique=False)
    op.create_table('campaign',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('texts', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('texts_b', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=True),
    sa.Column('holdout_percent', sa.SmallInteger(), nullable=False),
    sa.Column('window_from', sa.Text(), nullable=True),
    sa.Column('window_until', sa.Text(), nullable=True),
    sa.Column('per_minute', sa.Integer(), nullable=True),
    sa.Column('next_at', Instant(), nullable=True),
    sa.Column('segment', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('sender', sa.Text(), nullable=True),
    sa.Column('starts_at', Instant(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('last_contact_id', sa.BigInteger(), nullable=False),
    sa.Column('chosen', sa.BigInteger(), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_campaign')),
    sa.UniqueConstraint('name', name=op.f('uq_campaign_name'))
    )
    op.create_table('card_search',
    sa.Column('table', sa.Text(), nullable=False),
    sa.Column('after', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('done_on', sa.Date(), nullable=True),
    sa.PrimaryKeyConstraint('table', name=op.f('pk_card_search'))
    )
    op.create_table('chat_visitor',
    sa.Column('visitor', sa.Text(), nullable=False),
    sa.Column('last_seq', sa.BigInteger(), nullable=False),
    sa.Column('open_until', Instant(), nullable=True),
    sa.Column('started_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('visitor', name=op.f('pk_chat_visitor'))
    )
    op.create_table('debit_file',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('made_at', Instant(), nullable=False),
    sa.Column('made_by', sa.Text(), nullable=False),
    sa.Column('debits', sa.Integer(), nullable=False),
    sa.Column('total_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('message_id', sa.Text(), nullable=True),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('taken_by', sa.Text(), nullable=True),
    sa.Column('taken_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_debit_file')),
    sa.UniqueConstraint('message_id', name=op.f('uq_debit_file_message_id'))
    )
    op.create_table('deposit',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('branch_id', sa.BigInteger(), nullable=True),
    sa.Column('slip', sa.Text(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('deposited_on', sa.Date(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_deposit_amount')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deposit')),
    sa.UniqueConstraint('slip', name=op.f('uq_deposit_slip'))
    )
    op.create_index(op.f('ix_deposit_deposited_on'), 'deposit', ['deposited_on'], unique=False)
    op.create_table('difference',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('branch_id', sa.BigInteger(), nullable=True),
    sa.Column('about', sa.Text(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('approval_id', sa.BigInteger(), nullable=True),
    sa.Column('found_at', Instant(), nullable=False),
    sa.Column('settled_at', Instant(), nullable=True),
    sa.Column('settled_by', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_difference')),
    sa.UniqueConstraint('key', name=op.f('uq_difference_key'))
    )
    op.create_index('ix_difference_day', 'difference', ['day'], unique=False)
    op.create_index('ix_difference_state', 'difference', ['state', 'day'], unique=False)
    op.create_table('drawer',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('branch_id', sa.BigInteger(), nullable=True),
    sa.Column('cashier', sa.Text(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('float_minor', sa.BigInteger(), nullable=False),
    sa.Column('opened_at', Instant(), nullable=False),
    sa.Column('opened_on', sa.Date(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('counted_minor', sa.BigInteger(), nullable=True),
    sa.Column('expected_minor', sa.BigInteger(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('closed_at', Instant(), nullable=True),
    sa.CheckConstraint('float_minor >= 0', name=op.f('ck_drawer_float')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drawer'))
    )
    op.create_index('ix_drawer_day', 'drawer', ['opened_on', 'state'], unique=False)
    op.create_index('uq_drawer_open', 'drawer', ['cashier'], unique=True, postgresql_where=sa.text("state <> 'closed'"), sqlite_where=sa.text("state <> 'closed'"))
    op.create_table('early_report',
    sa.Column('provider_ref', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('details', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('provider_ref', name=op.f('pk_early_report'))
    )
    op.create_table('effect',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.Column('answer', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=True),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_effect'))
    )
    op.create_table('gl_summary',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('made_at', Instant(), nullable=False),
    sa.Column('lines', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_gl_summary')),
    sa.UniqueConstraint('day', 'revision', name=op.f('uq_gl_summary_day_revision'))
    )
    op.create_table('id_block',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('next_id', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_id_block'))
    )
    op.create_table('interaction',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('contact_id', sa.BigInteger(), nullable=True),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('direction', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('outbox_id', sa.BigInteger(), nullable=True),
    sa.Column('at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_interaction')),
    sa.UniqueConstraint('outbox_id', name=op.f('uq_interaction_outbox_id'))
    )
    op.create_index('ix_interaction_account', 'interaction', ['account_id', 'at'], unique=False)
    op.create_index('ix_interaction_contact', 'interaction', ['contact_id', 'at'], unique=False)
    op.create_table('invoice_line',
    sa.Column('invoice_id', sa.BigInteger(), nullable=False),
    sa.Column('position', sa.SmallInteger(), nullable=False),
    sa.Column('service_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('label', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('quantity_micro', sa.BigInteger(), nullable=True),
    sa.Column('unit', sa.Text(), nullable=True),
    sa.Column('price', sa.Text(), nullable=True),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('part_of', sa.Text(), nullable=True),
    sa.Column('booked_on', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('invoice_id', 'position', 'booked_on', name=op.f('pk_invoice_line')),
    postgresql_partition_by='RANGE (booked_on)'
    )
    op.create_table('journal',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('booked_on', sa.Date(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.Column('reverses_id', sa.BigInteger(), nullable=True),
    sa.Column('details', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.ForeignKeyConstraint(['reverses_id'], ['journal.id'], name=op.f('fk_journal_reverses_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_journal')),
    sa.UniqueConstraint('key', name=op.f('uq_journal_key')),
    sa.UniqueConstraint('reverses_id', name=op.f('uq_journal_reverses_id'))
    )
    op.create_table('ledger_account',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('owner_id', sa.BigInteger(), nullable=False),
    sa.Column('asset', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_account')),
    sa.UniqueConstraint('code', 'owner_id', 'asset', name=op.f('uq_ledger_account_code_owner_id_asset'))
    )
    op.create_index('ix_ledger_account_owner', 'ledger_account', ['owner_id'], unique=False)
    op.create_table('letter',
    sa.Column('message_id', sa.Text(), nullable=False),
    sa.Column('claimed_until', Instant(), nullable=False),
    sa.Column('done_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('message_id', name=op.f('pk_letter'))
    )
    op.create_table('media',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('ref', sa.Text(), nullable=False),
    sa.Column('contact_id', sa.BigInteger(), nullable=True),
    sa.Column('caption', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('type', sa.Text(), nullable=True),
    sa.Column('size', sa.BigInteger(), nullable=True),
    sa.Column('sha256', sa.Text(), nullable=True),
    sa.Column('at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_media')),
    sa.UniqueConstraint('channel', 'ref', name=op.f('uq_media_channel_ref'))
    )
    op.create_index(op.f('ix_media_contact_id'), 'media', ['contact_id'], unique=False)
    op.create_index(op.f('ix_media_sha256'), 'media', ['sha256'], unique=False)
    op.create_index('ix_media_state', 'media', ['state', 'at'], unique=False)
    op.create_table('message_cost',
    sa.Column('outbox_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('amount_micro', sa.BigInteger(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('outbox_id', 'channel', name=op.f('pk_message_cost'))
    )
    op.create_index('ix_message_cost_at', 'message_cost', ['at'], unique=False)
    op.create_table('money_day',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('closed_at', Instant(), nullable=False),
    sa.Column('closed_by', sa.Text(), nullable=False),
    sa.Column('figures', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_money_day'))
    )
    op.create_table('number_series',
    sa.Column('series', sa.Text(), nullable=False),
    sa.Column('last', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('series', name=op.f('pk_number_series'))
    )
    op.create_table('outage',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('commodity', sa.Text(), nullable=False),
    sa.Column('area', sa.Text(), nullable=False),
    sa.Column('cause', sa.Text(), nullable=False),
    sa.Column('started_at', Instant(), nullable=False),
    sa.Column('expected_until', Instant(), nullable=True),
    sa.Column('ended_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outage'))
    )
    op.create_index('ix_outage_area', 'outage', ['area', 'ended_at'], unique=False)
    op.create_table('outbox',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('template', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=True),
    sa.Column('contact_id', sa.BigInteger(), nullable=True),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.Column('subject_id', sa.BigInteger(), nullable=True),
    sa.Column('params', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('priority', sa.SmallInteger(), nullable=False),
    sa.Column('resend_unknown', sa.Boolean(), nullable=False),
    sa.Column('not_before', Instant(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('claimed_by', sa.Text(), nullable=True),
    sa.Column('claimed_until', Instant(), nullable=True),
    sa.Column('provider_ref', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('tried', sa.Text(), nullable=True),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('settled_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox')),
    sa.UniqueConstraint('key', name=op.f('uq_outbox_key'))
    )
    op.create_index('ix_outbox_account', 'outbox', ['account_id', 'created_at'], unique=False)
    op.create_index('ix_outbox_contact', 'outbox', ['contact_id', 'created_at'], unique=False)
    op.create_index('ix_outbox_due', 'outbox', ['state', 'priority', 'not_before', 'id'], unique=False)
    op.create_index('ix_outbox_provider_ref', 'outbox', ['provider_ref'], unique=False)
    op.create_table('pace',
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('left', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('channel', name=op.f('pk_pace'))
    )
    op.create_table('party',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('national_id', sa.Text(), nullable=True),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_party'))
    )
    op.create_index('ix_party_name', 'party', ['name'], unique=False)
    op.create_index('ix_party_national_id', 'party', ['national_id'], unique=False)
    op.create_table('posting',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('journal_id', sa.BigInteger(), nullable=False),
    sa.Column('source_id', sa.BigInteger(), nullable=False),
    sa.Column('destination_id', sa.BigInteger(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('asset', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('booked_on', sa.Date(), nullable=False),
    sa.CheckConstraint('amount > 0', name=op.f('ck_posting_amount')),
    sa.CheckConstraint('source_id <> destination_id', name=op.f('ck_posting_two_sides')),
    sa.PrimaryKeyConstraint('id', 'booked_on', name=op.f('pk_posting')),
    postgresql_partition_by='RANGE (booked_on)'
    )
    op.create_index('ix_posting_destination', 'posting', ['destination_id'], unique=False)
    op.create_index('ix_posting_journal', 'posting', ['journal_id'], unique=False)
    op.create_index('ix_posting_source', 'posting', ['source_id'], unique=False)
    op.create_table('provider_event',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('body', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('verified_by', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('received_at', Instant(), nullable=False),
    sa.Column('done_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_provider_event')),
    sa.UniqueConstraint('provider', 'key', name=op.f('uq_provider_event_provider_key'))
    )
    op.create_index('ix_provider_event_state', 'provider_event', ['state', 'received_at'], unique=False)
    op.create_table('provider_line',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('txn', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('gross_minor', sa.BigInteger(), nullable=False),
    sa.Column('fee_minor', sa.BigInteger(), nullable=False),
    sa.Column('net_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('happened_on', sa.Date(), nullable=False),
    sa.Column('payout', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_provider_line')),
    sa.UniqueConstraint('provider', 'key', name=op.f('uq_provider_line_provider_key'))
    )
    op.create_index('ix_provider_line_day', 'provider_line', ['happened_on'], unique=False)
    op.create_index('ix_provider_line_payout', 'provider_line', ['provider', 'payout'], unique=False)
    op.create_index('ix_provider_line_txn', 'provider_line', ['provider', 'txn'], unique=False)
    op.create_table('receipt',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('provider_txn', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.Column('attempt_id', sa.BigInteger(), nullable=True),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('payer', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reversed_minor', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('received_at', Instant(), nullable=False),
    sa.Column('booked_on', sa.Date(), nullable=False),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_receipt_amount')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_receipt')),
    sa.UniqueConstraint('provider', 'provider_txn', name=op.f('uq_receipt_provider_provider_txn'))
    )
    op.create_index(op.f('ix_receipt_account_id'), 'receipt', ['account_id'], unique=False)
    op.create_index('ix_receipt_booked', 'receipt', ['booked_on'], unique=False)
    op.create_index('ix_receipt_state', 'receipt', ['state', 'received_at'], unique=False)
    op.create_table('seal',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('spans', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('postings', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_seal'))
    )
    op.create_table('seal_due',
    sa.Column('first_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('last_id', sa.BigInteger(), nullable=False),
    sa.Column('postings', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('first_id', name=op.f('pk_seal_due'))
    )
    op.create_table('sim_change',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('phone', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('changed_at', Instant(), nullable=False),
    sa.Column('seen_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sim_change')),
    sa.UniqueConstraint('phone', 'kind', 'changed_at', name=op.f('uq_sim_change_phone_kind_changed_at'))
    )
    op.create_table('sim_question',
    sa.Column('request', sa.Text(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=False),
    sa.Column('asked_at', Instant(), nullable=False),
    sa.Column('answered_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('request', name=op.f('pk_sim_question'))
    )
    op.create_table('staff',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('branch', sa.Text(), nullable=True),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('locked_until', Instant(), nullable=True),
    sa.Column('disabled_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff')),
    sa.UniqueConstraint('name', name=op.f('uq_staff_name'))
    )
    op.create_table('staff_session',
    sa.Column('hash', sa.Text(), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=False),
    sa.Column('csrf', sa.Text(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('hash', name=op.f('pk_staff_session'))
    )
    op.create_table('statement',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('form', sa.Text(), nullable=False),
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('page', sa.Text(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('from_on', sa.Date(), nullable=False),
    sa.Column('to_on', sa.Date(), nullable=False),
    sa.Column('opening_minor', sa.BigInteger(), nullable=True),
    sa.Column('closing_minor', sa.BigInteger(), nullable=True),
    sa.Column('file_name', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('imported_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statement')),
    sa.UniqueConstraint('key', name=op.f('uq_statement_key'))
    )
    op.create_index(op.f('ix_statement_account'), 'statement', ['account'], unique=False)
    op.create_table('statement_movement',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('booked_on', sa.Date(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('bank_ref', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statement_movement')),
    sa.UniqueConstraint('key', name=op.f('uq_statement_movement_key'))
    )
    op.create_index('ix_statement_movement_day', 'statement_movement', ['account', 'booked_on'], unique=False)
    op.create_table('talk',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('contact_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.Column('branch_id', sa.BigInteger(), nullable=True),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('about', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('open_key', sa.Text(), nullable=True),
    sa.Column('clerk', sa.Text(), nullable=True),
    sa.Column('asked_at', Instant(), nullable=False),
    sa.Column('taken_at', Instant(), nullable=True),
    sa.Column('heard_at', Instant(), nullable=False),
    sa.Column('said_at', Instant(), nullable=True),
    sa.Column('ended_at', Instant(), nullable=True),
    sa.Column('ended_by', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_talk')),
    sa.UniqueConstraint('open_key', name=op.f('uq_talk_open_key'))
    )
    op.create_index(op.f('ix_talk_contact_id'), 'talk', ['contact_id'], unique=False)
    op.create_index('ix_talk_state', 'talk', ['state', 'asked_at'], unique=False)
    op.create_table('tariff_version',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.Column('document', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('loaded_at', Instant(), nullable=False),
    sa.Column('loaded_by', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tariff_version')),
    sa.UniqueConstraint('code', 'valid_from', 'revision', name=op.f('uq_tariff_version_code_valid_from_revision'))
    )
    op.create_table('transaction_query',
    sa.Column('conversation', sa.Text(), nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('txn', sa.Text(), nullable=False),
    sa.Column('attempt_id', sa.BigInteger(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=True),
    sa.Column('asked_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('conversation', name=op.f('pk_transaction_query'))
    )
    op.create_index(op.f('ix_transaction_query_attempt_id'), 'transaction_query', ['attempt_id'], unique=False)
    op.create_index('ix_transaction_query_txn', 'transaction_query', ['provider', 'txn'], unique=False)
    op.create_table('tries',
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('who', sa.Text(), nullable=False),
    sa.Column('taken', sa.BigInteger(), nullable=False),
    sa.Column('until', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'who', name=op.f('pk_tries'))
    )
    op.create_index('ix_tries_until', 'tries', ['until'], unique=False)
    op.create_table('unproven_day',
    sa.Column('day', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_unproven_day'))
    )
    op.create_table('unproven_note',
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('txn', sa.Text(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('provider', 'txn', name=op.f('pk_unproven_note'))
    )
    op.create_index('ix_unproven_note_day', 'unproven_note', ['day', 'state', 'account_id'], unique=False)
    op.create_table('usage',
    sa.Column('meter_id', sa.BigInteger(), nullable=False),
    sa.Column('register', sa.Text(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('at', sa.SmallInteger(), nullable=False),
    sa.Column('revision', sa.SmallInteger(), nullable=False),
    sa.Column('minutes', sa.SmallInteger(), nullable=False),
    sa.Column('quantity_micro', sa.BigInteger(), nullable=False),
    sa.Column('quality', sa.Text(), nullable=False),
    sa.Column('file_id', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('meter_id', 'register', 'day', 'at', 'revision', name=op.f('pk_usage')),
    postgresql_partition_by='RANGE (day)',
    sqlite_with_rowid=False
    )
    op.create_index('ix_usage_day', 'usage', ['day', 'meter_id'], unique=False)
    op.create_table('usage_day',
    sa.Column('meter_id', sa.BigInteger(), nullable=False),
    sa.Column('register', sa.Text(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('readings', sa.SmallInteger(), nullable=False),
    sa.Column('quantity_micro', sa.BigInteger(), nullable=False),
    sa.Column('estimated_micro', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('meter_id', 'register', 'day', name=op.f('pk_usage_day')),
    sqlite_with_rowid=False
    )
    op.create_table('usage_event',
    sa.Column('service_id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.BigInteger(), nullable=False),
    sa.Column('use', sa.Text(), nullable=False),
    sa.Column('unit', sa.Text(), nullable=False),
    sa.Column('quantity_micro', sa.BigInteger(), nullable=False),
    sa.Column('destination', sa.Text(), nullable=True),
    sa.Column('value_minor', sa.BigInteger(), nullable=True),
    sa.Column('offset_minutes', sa.SmallInteger(), nullable=False),
    sa.Column('file_id', sa.BigInteger(), nullable=False),
    sa.Column('row', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('service_id', 'at', 'key', name=op.f('pk_usage_event')),
    postgresql_partition_by='RANGE (at)',
    sqlite_with_rowid=False
    )
    op.create_table('usage_file',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=True),
    sa.Column('declared', sa.BigInteger(), nullable=True),
    sa.Column('problem', sa.Text(), nullable=True),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('accepted', sa.Integer(), nullable=False),
    sa.Column('duplicates', sa.Integer(), nullable=False),
    sa.Column('revised', sa.Integer(), nullable=False),
    sa.Column('rejected', sa.Integer(), nullable=False),
    sa.Column('recycled', sa.Integer(), nullable=False),
    sa.Column('filtered', sa.Integer(), nullable=False),
    sa.Column('quantity_micro', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('records', sa.BigInteger(), nullable=False),
    sa.Column('settings', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('received_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_usage_file')),
    sa.UniqueConstraint('source', 'digest', name=op.f('uq_usage_file_source_digest'))
    )
    op.create_index('ix_usage_file_received', 'usage_file', ['received_at'], unique=False)
    op.create_table('wording',
    sa.Column('lang', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('lang', 'key', name=op.f('pk_wording'))
    )
    op.create_table('account',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('party_id', sa.BigInteger(), nullable=False),
    sa.Column('branch_id', sa.BigInteger(), nullable=False),
    sa.Column('segment', sa.Text(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('bill_day', sa.SmallInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('opened_on', sa.Date(), nullable=False),
    sa.Column('closed_on', sa.Date(), nullable=True),
    sa.Column('persons', sa.SmallInteger(), nullable=True),
    sa.Column('created_at', Instant(), nullable=False),
    sa.CheckConstraint('bill_day BETWEEN 1 AND 31', name=op.f('ck_account_bill_day')),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_account_branch_id')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_account_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('number', name=op.f('uq_account_number'))
    )
    op.create_index(op.f('ix_account_branch_id'), 'account', ['branch_id'], unique=False)
    op.create_index(op.f('ix_account_party_id'), 'account', ['party_id'], unique=False)
    op.create_table('allocation',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('receipt_id', sa.BigInteger(), nullable=False),
    sa.Column('invoice_id', sa.BigInteger(), nullable=True),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['receipt_id'], ['receipt.id'], name=op.f('fk_allocation_receipt_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_allocation'))
    )
    op.create_index(op.f('ix_allocation_invoice_id'), 'allocation', ['invoice_id'], unique=False)
    op.create_index(op.f('ix_allocation_receipt_id'), 'allocation', ['receipt_id'], unique=False)
    op.create_table('balance',
    sa.Column('ledger_account_id', sa.BigInteger(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['ledger_account_id'], ['ledger_account.id'], name=op.f('fk_balance_ledger_account_id')),
    sa.PrimaryKeyConstraint('ledger_account_id', name=op.f('pk_balance'))
    )
    op.create_table('campaign_member',
    sa.Column('campaign_id', sa.BigInteger(), nullable=False),
    sa.Column('contact_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('outbox_id', sa.BigInteger(), nullable=True),
    sa.Column('arm', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaign.id'], name=op.f('fk_campaign_member_campaign_id')),
    sa.PrimaryKeyConstraint('campaign_id', 'contact_id', name=op.f('pk_campaign_member'))
    )
    op.create_table('chargeback',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('ref', sa.Text(), nullable=False),
    sa.Column('receipt_id', sa.BigInteger(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('due_at', Instant(), nullable=True),
    sa.Column('opened_at', Instant(), nullable=False),
    sa.Column('settled_at', Instant(), nullable=True),
    sa.ForeignKeyConstraint(['receipt_id'], ['receipt.id'], name=op.f('fk_chargeback_receipt_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_chargeback')),
    sa.UniqueConstraint('provider', 'ref', name=op.f('uq_chargeback_provider_ref'))
    )
    op.create_index(op.f('ix_chargeback_receipt_id'), 'chargeback', ['receipt_id'], unique=False)
    op.create_index('ix_chargeback_state', 'chargeback', ['state', 'due_at'], unique=False)
    op.create_table('chat_line',
    sa.Column('visitor', sa.Text(), nullable=False),
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('side', sa.Text(), nullable=False),
    sa.Column('body', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['visitor'], ['chat_visitor.visitor'], name=op.f('fk_chat_line_visitor')),
    sa.PrimaryKeyConstraint('visitor', 'seq', name=op.f('pk_chat_line')),
    sa.UniqueConstraint('visitor', 'key', name=op.f('uq_chat_line_visitor_key'))
    )
    op.create_table('contact',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('channel_user', sa.Text(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('subscriber', sa.Text(), nullable=True),
    sa.Column('party_id', sa.BigInteger(), nullable=True),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('marketing', sa.Boolean(), nullable=False),
    sa.Column('stopped_at', Instant(), nullable=True),
    sa.Column('parted_at', Instant(), nullable=True),
    sa.Column('bounced_at', Instant(), nullable=True),
    sa.Column('created_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_contact_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact')),
    sa.UniqueConstraint('channel', 'channel_user', name=op.f('uq_contact_channel_channel_user'))
    )
    op.create_index(op.f('ix_contact_party_id'), 'contact', ['party_id'], unique=False)
    op.create_index(op.f('ix_contact_phone'), 'contact', ['phone'], unique=False)
    op.create_index('ix_contact_subscriber', 'contact', ['subscriber', 'channel'], unique=False)
    op.create_table('drawer_move',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('drawer_id', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('receipt_id', sa.BigInteger(), nullable=True),
    sa.Column('at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['drawer_id'], ['drawer.id'], name=op.f('fk_drawer_move_drawer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drawer_move')),
    sa.UniqueConstraint('key', name=op.f('uq_drawer_move_key'))
    )
    op.create_index(op.f('ix_drawer_move_drawer_id'), 'drawer_move', ['drawer_id'], unique=False)
    op.create_table('event_total',
    sa.Column('file_id', sa.BigInteger(), nullable=False),
    sa.Column('use', sa.Text(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('records', sa.Integer(), nullable=False),
    sa.Column('quantity_micro', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['usage_file.id'], name=op.f('fk_event_total_file_id')),
    sa.PrimaryKeyConstraint('file_id', 'use', 'day', name=op.f('pk_event_total'))
    )
    op.create_table('pin',
    sa.Column('party_id', sa.BigInteger(), nullable=False),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.Column('set_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_pin_party_id')),
    sa.PrimaryKeyConstraint('party_id', name=op.f('pk_pin'))
    )
    op.create_table('premise',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('area', sa.Text(), nullable=False),
    sa.Column('branch_id', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_premise_branch_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_premise'))
    )
    op.create_index('ix_premise_area', 'premise', ['area'], unique=False)
    op.create_table('reversal',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('receipt_id', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.Column('booked_on', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['receipt_id'], ['receipt.id'], name=op.f('fk_reversal_receipt_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reversal')),
    sa.UniqueConstraint('key', name=op.f('uq_reversal_key'))
    )
    op.create_index(op.f('ix_reversal_booked_on'), 'reversal', ['booked_on'], unique=False)
    op.create_table('statement_entry',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('movement_id', sa.BigInteger(), nullable=False),
    sa.Column('statement_id', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('booked_on', sa.Date(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('end_to_end', sa.Text(), nullable=True),
    sa.Column('mandate', sa.Text(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('bank_ref', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('problem', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('matched', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['movement_id'], ['statement_movement.id'], name=op.f('fk_statement_entry_movement_id')),
    sa.ForeignKeyConstraint(['statement_id'], ['statement.id'], name=op.f('fk_statement_entry_statement_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statement_entry')),
    sa.UniqueConstraint('key', name=op.f('uq_statement_entry_key'))
    )
    op.create_index('ix_statement_entry_booked', 'statement_entry', ['booked_on', 'state'], unique=False)
    op.create_index(op.f('ix_statement_entry_movement_id'), 'statement_entry', ['movement_id'], unique=False)
    op.create_table('statement_line',
    sa.Column('statement_id', sa.BigInteger(), nullable=False),
    sa.Column('place', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('movement_id', sa.BigInteger(), nullable=False),
    sa.Column('before_minor', sa.BigInteger(), nullable=True),
    sa.Column('otherwise', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['movement_id'], ['statement_movement.id'], name=op.f('fk_statement_line_movement_id')),
    sa.ForeignKeyConstraint(['statement_id'], ['statement.id'], name=op.f('fk_statement_line_statement_id')),
    sa.PrimaryKeyConstraint('statement_id', 'place', name=op.f('pk_statement_line'))
    )
    op.create_index(op.f('ix_statement_line_movement_id'), 'statement_line', ['movement_id'], unique=False)
    op.create_table('ticket',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('effect_key', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.Column('contact_id', sa.BigInteger(), nullable=True),
    sa.Column('premise_id', sa.BigInteger(), nullable=True),
    sa.Column('branch_id', sa.BigInteger(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('severity', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('outage_id', sa.BigInteger(), nullable=True),
    sa.Column('opened_at', Instant(), nullable=False),
    sa.Column('changed_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['outage_id'], ['outage.id'], name=op.f('fk_ticket_outage_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ticket')),
    sa.UniqueConstraint('effect_key', name=op.f('uq_ticket_effect_key')),
    sa.UniqueConstraint('reference', name=op.f('uq_ticket_reference'))
    )
    op.create_index(op.f('ix_ticket_account_id'), 'ticket', ['account_id'], unique=False)
    op.create_index('ix_ticket_branch_queue', 'ticket', ['branch_id', 'state', 'severity', 'opened_at', 'id'], unique=False)
    op.create_index(op.f('ix_ticket_contact_id'), 'ticket', ['contact_id'], unique=False)
    op.create_index('ix_ticket_queue', 'ticket', ['state', 'severity', 'opened_at', 'id'], unique=False)
    op.create_table('usage_fetch',
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('mark', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('file_id', sa.BigInteger(), nullable=True),
    sa.Column('problem', sa.Text(), nullable=True),
    sa.Column('at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['usage_file.id'], name=op.f('fk_usage_fetch_file_id')),
    sa.PrimaryKeyConstraint('source', 'mark', name=op.f('pk_usage_fetch'))
    )
    op.create_table('usage_reject',
    sa.Column('file_id', sa.BigInteger(), nullable=False),
    sa.Column('row', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('line', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('intervals', sa.Integer(), nullable=False),
    sa.Column('recycled_at', Instant(), nullable=True),
    sa.ForeignKeyConstraint(['file_id'], ['usage_file.id'], name=op.f('fk_usage_reject_file_id')),
    sa.PrimaryKeyConstraint('file_id', 'row', name=op.f('pk_usage_reject'))
    )
    op.create_table('usage_total',
    sa.Column('file_id', sa.BigInteger(), nullable=False),
    sa.Column('meter_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('readings', sa.Integer(), nullable=False),
    sa.Column('quantity_micro', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['usage_file.id'], name=op.f('fk_usage_total_file_id')),
    sa.PrimaryKeyConstraint('file_id', 'meter_id', 'month', name=op.f('pk_usage_total'))
    )
    op.create_table('arrangement',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('open_id', sa.BigInteger(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('total_minor', sa.BigInteger(), nullable=False),
    sa.Column('agreed_on', sa.Date(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_arrangement_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_arrangement')),
    sa.UniqueConstraint('key', name=op.f('uq_arrangement_key')),
    sa.UniqueConstraint('open_id', name=op.f('uq_arrangement_open_id'))
    )
    op.create_index(op.f('ix_arrangement_account_id'), 'arrangement', ['account_id'], unique=False)
    op.create_table('consent',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('contact_id', sa.BigInteger(), nullable=False),
    sa.Column('said', sa.Text(), nullable=False),
    sa.Column('sender', sa.Text(), nullable=True),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('word', sa.Text(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_consent_contact_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent'))
    )
    op.create_index('ix_consent_contact', 'consent', ['contact_id', 'at'], unique=False)
    op.create_table('contact_account',
    sa.Column('contact_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('linked_at', Instant(), nullable=False),
    sa.Column('how', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_contact_account_account_id')),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_contact_account_contact_id')),
    sa.PrimaryKeyConstraint('contact_id', 'account_id', name=op.f('pk_contact_account'))
    )
    op.create_index('ix_contact_account_account', 'contact_account', ['account_id'], unique=False)
    op.create_table('contact_apart',
    sa.Column('one_id', sa.BigInteger(), nullable=False),
    sa.Column('other_id', sa.BigInteger(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['one_id'], ['contact.id'], name=op.f('fk_contact_apart_one_id')),
    sa.ForeignKeyConstraint(['other_id'], ['contact.id'], name=op.f('fk_contact_apart_other_id')),
    sa.PrimaryKeyConstraint('one_id', 'other_id', name=op.f('pk_contact_apart'))
    )
    op.create_table('contacted',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('again_on', sa.Date(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_contacted_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contacted'))
    )
    op.create_index('ix_contacted_account', 'contacted', ['account_id', 'at'], unique=False)
    op.create_table('cycle',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('from_date', sa.Date(), nullable=False),
    sa.Column('to_date', sa.Date(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('invoice_id', sa.BigInteger(), nullable=True),
    sa.Column('parked_at', Instant(), nullable=True),
    sa.Column('tried_at', Instant(), nullable=True),
    sa.Column('decided', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=True),
    sa.CheckConstraint('from_date < to_date', name=op.f('ck_cycle_some_days')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_cycle_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cycle')),
    sa.UniqueConstraint('account_id', 'from_date', name=op.f('uq_cycle_account_id_from_date'))
    )
    op.create_index('ix_cycle_due', 'cycle', ['state', 'to_date', 'account_id'], unique=False)
    op.create_table('dispute',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('invoice_id', sa.BigInteger(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('ticket_id', sa.BigInteger(), nullable=False),
    sa.Column('opened_at', Instant(), nullable=False),
    sa.Column('decided_at', Instant(), nullable=True),
    sa.Column('open_key', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_dispute_ticket_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dispute')),
    sa.UniqueConstraint('open_key', name=op.f('uq_dispute_open_key'))
    )
    op.create_index(op.f('ix_dispute_account_id'), 'dispute', ['account_id'], unique=False)
    op.create_index(op.f('ix_dispute_ticket_id'), 'dispute', ['ticket_id'], unique=False)
    op.create_table('episode',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('open_id', sa.BigInteger(), nullable=True),
    sa.Column('anchor', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('round', sa.SmallInteger(), nullable=False),
    sa.Column('position', sa.Text(), nullable=True),
    sa.Column('done_on', sa.Date(), nullable=True),
    sa.Column('held', sa.Text(), nullable=True),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('ended_why', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_episode_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_episode')),
    sa.UniqueConstraint('open_id', name=op.f('uq_episode_open_id'))
    )
    op.create_index(op.f('ix_episode_account_id'), 'episode', ['account_id'], unique=False)
    op.create_table('exposure',
    sa.Column('account_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('limit_minor', sa.BigInteger(), nullable=True),
    sa.Column('unbilled_minor', sa.BigInteger(), nullable=False),
    sa.Column('guessed', sa.Boolean(), nullable=False),
    sa.Column('open_minor', sa.BigInteger(), nullable=False),
    sa.Column('pending_minor', sa.BigInteger(), nullable=False),
    sa.Column('credit_minor', sa.BigInteger(), nullable=False),
    sa.Column('total_minor', sa.BigInteger(), nullable=False),
    sa.Column('percent', sa.Integer(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('told', sa.SmallInteger(), nullable=False),
    sa.Column('barred', sa.Boolean(), nullable=False),
    sa.Column('why', sa.Text(), nullable=True),
    sa.Column('at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_exposure_account_id')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_exposure'))
    )
    op.create_index('ix_exposure_percent', 'exposure', ['percent'], unique=False)
    op.create_index('ix_exposure_total', 'exposure', ['total_minor'], unique=False)
    op.create_table('interest',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('contact_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('place', sa.Text(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.Column('effect_key', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_interest_contact_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_interest')),
    sa.UniqueConstraint('effect_key', name=op.f('uq_interest_effect_key'))
    )
    op.create_table('invoice',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('series', sa.Text(), nullable=False),
    sa.Column('from_date', sa.Date(), nullable=False),
    sa.Column('to_date', sa.Date(), nullable=False),
    sa.Column('revision', sa.SmallInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('number', sa.Text(), nullable=True),
    sa.Column('token', sa.Text(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('total_minor', sa.BigInteger(), nullable=False),
    sa.Column('tax_minor', sa.BigInteger(), nullable=False),
    sa.Column('rounding_minor', sa.BigInteger(), nullable=False),
    sa.Column('reward_minor', sa.BigInteger(), nullable=False),
    sa.Column('estimated', sa.Boolean(), nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('before_minor', sa.BigInteger(), nullable=True),
    sa.Column('facts', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=True),
    sa.Column('finalised_at', Instant(), nullable=True),
    sa.Column('corrects_id', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_invoice_account_id')),
    sa.ForeignKeyConstraint(['run_id'], ['bill_run.id'], name=op.f('fk_invoice_run_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invoice')),
    sa.UniqueConstraint('account_id', 'from_date', 'series', 'revision', name=op.f('uq_invoice_account_id_from_date_series_revision')),
    sa.UniqueConstraint('number', name=op.f('uq_invoice_number')),
    sa.UniqueConstraint('token', name=op.f('uq_invoice_token'))
    )
    op.create_index('ix_invoice_account', 'invoice', ['account_id', 'to_date'], unique=False)
    op.create_index('ix_invoice_corrects', 'invoice', ['corrects_id'], unique=False, postgresql_where=sa.text('corrects_id IS NOT NULL'), sqlite_where=sa.text('corrects_id IS NOT NULL'))
    op.create_table('link_code',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.Column('asker', sa.Text(), nullable=False),
    sa.Column('contact_id', sa.BigInteger(), nullable=True),
    sa.Column('salt', sa.Text(), nullable=False),
    sa.Column('tries_left', sa.Integer(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.Column('used_at', Instant(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_link_code_account_id')),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_link_code_contact_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_link_code'))
    )
    op.create_index('ix_link_code_asker', 'link_code', ['asker', 'expires_at'], unique=False)
    op.create_table('low_money',
    sa.Column('account_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('minor', sa.BigInteger(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.CheckConstraint('minor >= 0', name=op.f('ck_low_money_minor')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_low_money_account_id')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_low_money'))
    )
    op.create_table('mandate',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('provider_ref', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('masked', sa.Text(), nullable=False),
    sa.Column('holder', sa.Text(), nullable=True),
    sa.Column('iban', sa.Text(), nullable=True),
    sa.Column('bic', sa.Text(), nullable=True),
    sa.Column('signed_on', sa.Date(), nullable=True),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('used_on', sa.Date(), nullable=True),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('ended_at', Instant(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_mandate_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mandate')),
    sa.UniqueConstraint('reference', name=op.f('uq_mandate_reference'))
    )
    op.create_index(op.f('ix_mandate_account_id'), 'mandate', ['account_id'], unique=False)
    op.create_table('own_limit',
    sa.Column('account_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('limit_minor', sa.BigInteger(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_own_limit_account_id')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_own_limit'))
    )
    op.create_table('page_sitting',
    sa.Column('hash', sa.Text(), nullable=False),
    sa.Column('contact_id', sa.BigInteger(), nullable=False),
    sa.Column('opened_at', Instant(), nullable=False),
    sa.Column('ends_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_page_sitting_contact_id')),
    sa.PrimaryKeyConstraint('hash', name=op.f('pk_page_sitting'))
    )
    op.create_index(op.f('ix_page_sitting_contact_id'), 'page_sitting', ['contact_id'], unique=False)
    op.create_index(op.f('ix_page_sitting_ends_at'), 'page_sitting', ['ends_at'], unique=False)
    op.create_table('payment_request',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('invoice_id', sa.BigInteger(), nullable=True),
    sa.Column('amount_minor', sa.BigInteger(), nullable=True),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('token', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=True),
    sa.Column('created_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_payment_request_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment_request')),
    sa.UniqueConstraint('key', name=op.f('uq_payment_request_key')),
    sa.UniqueConstraint('token', name=op.f('uq_payment_request_token'))
    )
    op.create_index(op.f('ix_payment_request_account_id'), 'payment_request', ['account_id'], unique=False)
    op.create_table('pin_try',
    sa.Column('party_id', sa.BigInteger(), nullable=False),
    sa.Column('contact_id', sa.BigInteger(), nullable=False),
    sa.Column('wrong', sa.Integer(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_pin_try_contact_id')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_pin_try_party_id')),
    sa.PrimaryKeyConstraint('party_id', 'contact_id', name=op.f('pk_pin_try'))
    )
    op.create_table('placement',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('open_id', sa.BigInteger(), nullable=True),
    sa.Column('agency', sa.Text(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('oldest_due', sa.Date(), nullable=False),
    sa.Column('commission', sa.Text(), nullable=False),
    sa.Column('placed_on', sa.Date(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.Column('recalled_on', sa.Date(), nullable=True),
    sa.Column('recalled_at', Instant(), nullable=True),
    sa.Column('recalled_why', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_placement_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_placement')),
    sa.UniqueConstraint('open_id', name=op.f('uq_placement_open_id'))
    )
    op.create_index(op.f('ix_placement_account_id'), 'placement', ['account_id'], unique=False)
    op.create_index('ix_placement_agency', 'placement', ['agency', 'placed_on'], unique=False)
    op.create_index('ix_placement_recalled', 'placement', ['agency', 'recalled_on'], unique=False)
    op.create_table('protection',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('open_key', sa.Text(), nullable=True),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.Column('ended_at', Instant(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_protection_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_protection')),
    sa.UniqueConstraint('open_key', name=op.f('uq_protection_open_key'))
    )
    op.create_index(op.f('ix_protection_account_id'), 'protection', ['account_id'], unique=False)
    op.create_table('redemption',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('points', sa.BigInteger(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('provider_ref', sa.Text(), nullable=True),
    sa.Column('invoice_id', sa.BigInteger(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('settled_at', Instant(), nullable=True),
    sa.Column('poll_at', Instant(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_redemption_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_redemption')),
    sa.UniqueConstraint('key', name=op.f('uq_redemption_key'))
    )
    op.create_index(op.f('ix_redemption_account_id'), 'redemption', ['account_id'], unique=False)
    op.create_index('ix_redemption_state', 'redemption', ['state', 'poll_at'], unique=False)
    op.create_table('refund',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('receipt_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('how', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('approval_id', sa.BigInteger(), nullable=True),
    sa.Column('attempt_id', sa.BigInteger(), nullable=True),
    sa.Column('paid_ref', sa.Text(), nullable=True),
    sa.Column('asked_by', sa.Text(), nullable=False),
    sa.Column('asked_at', Instant(), nullable=False),
    sa.Column('settled_at', Instant(), nullable=True),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_refund_amount')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_refund_account_id')),
    sa.ForeignKeyConstraint(['receipt_id'], ['receipt.id'], name=op.f('fk_refund_receipt_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_refund')),
    sa.UniqueConstraint('attempt_id', name=op.f('uq_refund_attempt_id')),
    sa.UniqueConstraint('key', name=op.f('uq_refund_key'))
    )
    op.create_index(op.f('ix_refund_receipt_id'), 'refund', ['receipt_id'], unique=False)
    op.create_index('ix_refund_state', 'refund', ['state'], unique=False)
    op.create_table('sender_stop',
    sa.Column('contact_id', sa.BigInteger(), nullable=False),
    sa.Column('sender', sa.Text(), nullable=False),
    sa.Column('stopped_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_sender_stop_contact_id')),
    sa.PrimaryKeyConstraint('contact_id', 'sender', name=op.f('pk_sender_stop'))
    )
    op.create_table('service',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('premise_id', sa.BigInteger(), nullable=True),
    sa.Column('commodity', sa.Text(), nullable=False),
    sa.Column('payment_mode', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('started_on', sa.Date(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_service_account_id')),
    sa.ForeignKeyConstraint(['premise_id'], ['premise.id'], name=op.f('fk_service_premise_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_service'))
    )
    op.create_index(op.f('ix_service_account_id'), 'service', ['account_id'], unique=False)
    op.create_index('ix_service_commodity', 'service', ['commodity'], unique=False)
    op.create_index(op.f('ix_service_premise_id'), 'service', ['premise_id'], unique=False)
    op.create_table('ticket_event',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('ticket_id', sa.BigInteger(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('details', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_ticket_event_ticket_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ticket_event'))
    )
    op.create_index('ix_ticket_event_ticket', 'ticket_event', ['ticket_id', 'id'], unique=False)
    op.create_table('write_off',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('approval_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('invoice_id', sa.BigInteger(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('recovered_minor', sa.BigInteger(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.CheckConstraint('recovered_minor >= 0 AND recovered_minor <= amount_minor', name=op.f('ck_write_off_recovered')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_write_off_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_write_off')),
    sa.UniqueConstraint('approval_id', 'invoice_id', name=op.f('uq_write_off_approval_id_invoice_id'))
    )
    op.create_index(op.f('ix_write_off_account_id'), 'write_off', ['account_id'], unique=False)
    op.create_table('arranged_item',
    sa.Column('arrangement_id', sa.BigInteger(), nullable=False),
    sa.Column('invoice_id', sa.BigInteger(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['arrangement_id'], ['arrangement.id'], name=op.f('fk_arranged_item_arrangement_id')),
    sa.PrimaryKeyConstraint('arrangement_id', 'invoice_id', name=op.f('pk_arranged_item'))
    )
    op.create_table('attempt',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('request_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('provider_ref', sa.Text(), nullable=True),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('mandate_id', sa.BigInteger(), nullable=True),
    sa.Column('redirect_url', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('polls', sa.Integer(), nullable=False),
    sa.Column('poll_at', Instant(), nullable=True),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('settled_at', Instant(), nullable=True),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_attempt_amount')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_attempt_account_id')),
    sa.ForeignKeyConstraint(['request_id'], ['payment_request.id'], name=op.f('fk_attempt_request_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempt')),
    sa.UniqueConstraint('key', name=op.f('uq_attempt_key')),
    sa.UniqueConstraint('provider', 'provider_ref', name=op.f('uq_attempt_provider_provider_ref'))
    )
    op.create_index(op.f('ix_attempt_account_id'), 'attempt', ['account_id'], unique=False)
    op.create_index('ix_attempt_poll', 'attempt', ['state', 'poll_at'], unique=False)
    op.create_index('uq_attempt_live', 'attempt', ['request_id'], unique=True, postgresql_where=sa.text("state IN ('created', 'sent', 'unknown', 'awaiting_customer')"), sqlite_where=sa.text("state IN ('created', 'sent', 'unknown', 'awaiting_customer')"))
    op.create_table('barring',
    sa.Column('service_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('wanted', sa.Text(), nullable=False),
    sa.Column('kbps', sa.Integer(), nullable=True),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('wanted_at', Instant(), nullable=False),
    sa.Column('actual', sa.Text(), nullable=True),
    sa.Column('actual_at', Instant(), nullable=True),
    sa.Column('seen', sa.Text(), nullable=True),
    sa.Column('seen_at', Instant(), nullable=True),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_barring_service_id')),
    sa.PrimaryKeyConstraint('service_id', name=op.f('pk_barring'))
    )
    op.create_index(op.f('ix_barring_account_id'), 'barring', ['account_id'], unique=False)
    op.create_index('ix_barring_wanted', 'barring', ['wanted'], unique=False)
    op.create_table('bucket',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('service_id', sa.BigInteger(), nullable=True),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('unit', sa.Text(), nullable=False),
    sa.Column('money', sa.Boolean(), nullable=False),
    sa.Column('uses', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('priority', sa.SmallInteger(), nullable=False),
    sa.Column('granted', sa.BigInteger(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('reserved', sa.BigInteger(), nullable=False),
    sa.Column('basis', sa.BigInteger(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('told', sa.SmallInteger(), nullable=False),
    sa.Column('booked', sa.BigInteger(), nullable=False),
    sa.Column('starts_at', Instant(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=True),
    sa.Column('rollovers', sa.SmallInteger(), nullable=False),
    sa.Column('rollover_cap', sa.BigInteger(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('at', Instant(), nullable=False),
    sa.CheckConstraint('reserved >= 0 AND reserved <= amount', name=op.f('ck_bucket_within')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_bucket_account_id')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_bucket_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bucket'))
    )
    op.create_index(op.f('ix_bucket_account_id'), 'bucket', ['account_id'], unique=False)
    op.create_index('ix_bucket_expiry', 'bucket', ['state', 'expires_at'], unique=False)
    op.create_index('ix_bucket_unbooked', 'bucket', ['id'], unique=False, postgresql_where=sa.text('money AND booked < granted - amount'), sqlite_where=sa.text('money = 1 AND booked < granted - amount'))
    op.create_table('collection',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('invoice_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('mandate_id', sa.BigInteger(), nullable=False),
    sa.Column('collect_on', sa.Date(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('request_id', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_collection_account_id')),
    sa.ForeignKeyConstraint(['invoice_id'], ['invoice.id'], name=op.f('fk_collection_invoice_id')),
    sa.ForeignKeyConstraint(['mandate_id'], ['mandate.id'], name=op.f('fk_collection_mandate_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_collection')),
    sa.UniqueConstraint('invoice_id', name=op.f('uq_collection_invoice_id'))
    )
    op.create_index('ix_collection_due', 'collection', ['state', 'collect_on'], unique=False)
    op.create_table('consumption',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('service_id', sa.BigInteger(), nullable=False),
    sa.Column('meter_code', sa.Text(), nullable=False),
    sa.Column('from_date', sa.Date(), nullable=False),
    sa.Column('to_date', sa.Date(), nullable=False),
    sa.Column('revision', sa.SmallInteger(), nullable=False),
    sa.Column('quantity_micro', sa.BigInteger(), nullable=False),
    sa.Column('estimated_micro', sa.BigInteger(), nullable=False),
    sa.Column('missing', sa.Integer(), nullable=False),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('invoice_id', sa.BigInteger(), nullable=True),
    sa.CheckConstraint('estimated_micro BETWEEN 0 AND quantity_micro', name=op.f('ck_consumption_estimated_part')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_consumption_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consumption')),
    sa.UniqueConstraint('service_id', 'meter_code', 'from_date', 'revision', name=op.f('uq_consumption_service_id_meter_code_from_date_revision'))
    )
    op.create_table('hold',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('service_id', sa.BigInteger(), nullable=True),
    sa.Column('use', sa.Text(), nullable=True),
    sa.Column('unit', sa.Text(), nullable=False),
    sa.Column('held', sa.BigInteger(), nullable=False),
    sa.Column('used', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_hold_account_id')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_hold_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hold')),
    sa.UniqueConstraint('key', name=op.f('uq_hold_key'))
    )
    op.create_index(op.f('ix_hold_account_id'), 'hold', ['account_id'], unique=False)
    op.create_index('ix_hold_due', 'hold', ['state', 'expires_at'], unique=False)
    op.create_table('instalment',
    sa.Column('arrangement_id', sa.BigInteger(), nullable=False),
    sa.Column('position', sa.SmallInteger(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_instalment_amount')),
    sa.ForeignKeyConstraint(['arrangement_id'], ['arrangement.id'], name=op.f('fk_instalment_arrangement_id')),
    sa.PrimaryKeyConstraint('arrangement_id', 'position', name=op.f('pk_instalment'))
    )
    op.create_table('ladder_step',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('episode_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('step', sa.Text(), nullable=False),
    sa.Column('round', sa.SmallInteger(), nullable=False),
    sa.Column('taken_on', sa.Date(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('trail', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('told_on', sa.Date(), nullable=True),
    sa.Column('at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['episode_id'], ['episode.id'], name=op.f('fk_ladder_step_episode_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ladder_step')),
    sa.UniqueConstraint('episode_id', 'round', 'step', name=op.f('uq_ladder_step_episode_id_round_step'))
    )
    op.create_index(op.f('ix_ladder_step_account_id'), 'ladder_step', ['account_id'], unique=False)
    op.create_index('ix_ladder_step_on', 'ladder_step', ['taken_on', 'step'], unique=False)
    op.create_table('live_period',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('service_id', sa.BigInteger(), nullable=False),
    sa.Column('from_date', sa.Date(), nullable=False),
    sa.Column('closes_on', sa.Date(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('charged_minor', sa.BigInteger(), nullable=False),
    sa.Column('owed_minor', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('owed_minor >= 0', name=op.f('ck_live_period_owed')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_live_period_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_period')),
    sa.UniqueConstraint('service_id', 'from_date', name=op.f('uq_live_period_service_id_from_date'))
    )
    op.create_index('ix_live_period_due', 'live_period', ['state', 'closes_on'], unique=False)
    op.create_index('ix_live_period_owed', 'live_period', ['id'], unique=False, postgresql_where=sa.text('owed_minor > 0'), sqlite_where=sa.text('owed_minor > 0'))
    op.create_table('meter',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('serial', sa.Text(), nullable=False),
    sa.Column('service_id', sa.BigInteger(), nullable=True),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('unit', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('dials', sa.SmallInteger(), nullable=False),
    sa.Column('multiplier_micro', sa.BigInteger(), nullable=False),
    sa.Column('interval_minutes', sa.SmallInteger(), nullable=True),
    sa.Column('installed_on', sa.Date(), nullable=False),
    sa.Column('removed_on', sa.Date(), nullable=True),
    sa.Column('registers', sa.Text(), nullable=True),
    sa.Column('heard', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_meter_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meter')),
    sa.UniqueConstraint('serial', name=op.f('uq_meter_serial'))
    )
    op.create_index(op.f('ix_meter_service_id'), 'meter', ['service_id'], unique=False)
    op.create_table('network_line',
    sa.Column('service_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('login', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_network_line_service_id')),
    sa.PrimaryKeyConstraint('service_id', name=op.f('pk_network_line')),
    sa.UniqueConstraint('login', name=op.f('uq_network_line_login'))
    )
    op.create_table('open_item',
    sa.Column('invoice_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('total_minor', sa.BigInteger(), nullable=False),
    sa.Column('open_minor', sa.BigInteger(), nullable=False),
    sa.Column('disputed_minor', sa.BigInteger(), nullable=False),
    sa.Column('settled_on', sa.Date(), nullable=True),
    sa.CheckConstraint('open_minor >= 0 AND disputed_minor >= 0 AND disputed_minor <= open_minor', name=op.f('ck_open_item_within')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_open_item_account_id')),
    sa.ForeignKeyConstraint(['invoice_id'], ['invoice.id'], name=op.f('fk_open_item_invoice_id')),
    sa.PrimaryKeyConstraint('invoice_id', name=op.f('pk_open_item'))
    )
    op.create_index('ix_open_item_account', 'open_item', ['account_id', 'due_on'], unique=False)
    op.create_index('ix_open_item_due', 'open_item', ['due_on'], unique=False)
    op.create_table('service_off',
    sa.Column('service_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('off_on', sa.Date(), nullable=False),
    sa.Column('back_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_service_off_service_id')),
    sa.PrimaryKeyConstraint('service_id', 'off_on', name=op.f('pk_service_off'))
    )
    op.create_table('service_plan',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('service_id', sa.BigInteger(), nullable=False),
    sa.Column('tariff', sa.Text(), nullable=False),
    sa.Column('from_date', sa.Date(), nullable=False),
    sa.Column('to_date', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_service_plan_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_service_plan')),
    sa.UniqueConstraint('service_id', 'from_date', name=op.f('uq_service_plan_service_id_from_date'))
    )
    op.create_table('bucket_user',
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('bucket_id', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_bucket_user_account_id')),
    sa.ForeignKeyConstraint(['bucket_id'], ['bucket.id'], name=op.f('fk_bucket_user_bucket_id')),
    sa.PrimaryKeyConstraint('account_id', 'bucket_id', name=op.f('pk_bucket_user'))
    )
    op.create_table('debit_item',
    sa.Column('attempt_id', sa.BigInteger(), nullable=False),
    sa.Column('file_id', sa.BigInteger(), nullable=False),
    sa.Column('sequence', sa.Text(), nullable=False),
    sa.Column('collect_on', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['attempt_id'], ['attempt.id'], name=op.f('fk_debit_item_attempt_id')),
    sa.ForeignKeyConstraint(['file_id'], ['debit_file.id'], name=op.f('fk_debit_item_file_id')),
    sa.PrimaryKeyConstraint('attempt_id', name=op.f('pk_debit_item'))
    )
    op.create_index(op.f('ix_debit_item_file_id'), 'debit_item', ['file_id'], unique=False)
    op.create_table('hold_part',
    sa.Column('hold_id', sa.BigInteger(), nullable=False),
    sa.Column('bucket_id', sa.BigInteger(), nullable=False),
    sa.Column('position', sa.SmallInteger(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['bucket_id'], ['bucket.id'], name=op.f('fk_hold_part_bucket_id')),
    sa.ForeignKeyConstraint(['hold_id'], ['hold.id'], name=op.f('fk_hold_part_hold_id')),
    sa.PrimaryKeyConstraint('hold_id', 'bucket_id', name=op.f('pk_hold_part'))
    )
    op.create_table('live_paid',
    sa.Column('period_id', sa.BigInteger(), nullable=False),
    sa.Column('bucket_id', sa.BigInteger(), nullable=False),
    sa.Column('minor', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['bucket_id'], ['bucket.id'], name=op.f('fk_live_paid_bucket_id')),
    sa.ForeignKeyConstraint(['period_id'], ['live_period.id'], name=op.f('fk_live_paid_period_id')),
    sa.PrimaryKeyConstraint('period_id', 'bucket_id', name=op.f('pk_live_paid'))
    )
    op.create_table('live_use',
    sa.Column('period_id', sa.BigInteger(), nullable=False),
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('use', sa.Text(), nullable=False),
    sa.Column('unit', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('quantity_micro', sa.BigInteger(), nullable=False),
    sa.Column('destination', sa.Text(), nullable=True),
    sa.Column('value_minor', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['period_id'], ['live_period.id'], name=op.f('fk_live_use_period_id')),
    sa.PrimaryKeyConstraint('period_id', 'id', name=op.f('pk_live_use'))
    )
    op.create_table('reading',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('meter_id', sa.BigInteger(), nullable=False),
    sa.Column('register', sa.Text(), nullable=False),
    sa.Column('read_on', sa.Date(), nullable=False),
    sa.Column('value_micro', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('revision', sa.SmallInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('file_id', sa.BigInteger(), nullable=True),
    sa.Column('received_at', Instant(), nullable=False),
    sa.Column('ticket_id', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['meter_id'], ['meter.id'], name=op.f('fk_reading_meter_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reading')),
    sa.UniqueConstraint('meter_id', 'register', 'read_on', 'source', 'revision', name=op.f('uq_reading_meter_id_register_read_on_source_revision'))
    )
    op.create_index('ix_reading_waits', 'reading', ['state', 'received_at', 'id'], unique=False)
    op.create_table('vend',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('request_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('meter_id', sa.BigInteger(), nullable=False),
    sa.Column('serial', sa.Text(), nullable=False),
    sa.Column('contact_id', sa.BigInteger(), nullable=True),
    sa.Column('phone', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('arrears_minor', sa.BigInteger(), nullable=False),
    sa.Column('tax_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('units_micro', sa.BigInteger(), nullable=True),
    sa.Column('token', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('receipt_id', sa.BigInteger(), nullable=True),
    sa.Column('provider_ref', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('polls', sa.Integer(), nullable=False),
    sa.Column('poll_at', Instant(), nullable=True),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('settled_at', Instant(), nullable=True),
    sa.CheckConstraint('amount_minor > arrears_minor AND arrears_minor >= 0', name=op.f('ck_vend_share')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_vend_account_id')),
    sa.ForeignKeyConstraint(['meter_id'], ['meter.id'], name=op.f('fk_vend_meter_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vend')),
    sa.UniqueConstraint('receipt_id', name=op.f('uq_vend_receipt_id')),
    sa.UniqueConstraint('request_id', name=op.f('uq_vend_request_id'))
    )
    op.create_index(op.f('ix_vend_account_id'), 'vend', ['account_id'], unique=False)
    op.create_index(op.f('ix_vend_contact_id'), 'vend', ['contact_id'], unique=False)
    op.create_index('ix_vend_poll', 'vend', ['state', 'poll_at'], unique=False)
    for statement in guards_1(op.get_bind().dialect.name):
        op.execute(statement)
