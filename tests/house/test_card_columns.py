"""Every column of every table in which a text can stand is either searched for card numbers or named here, with the reason by its kind."""

from sqlalchemy import JSON, Text

from core.migrations.schema import metadata
from core.overview.card_columns import WRITTEN

NAMES = """
    subscriber form page part_of account account_number actor action agency arm asked_by asker asset bank_ref bic by cashier channel checker claimed_by clerk closed_by
    code created_by csrf digest effect_key ended_by end_to_end fetch hash iban key key_prefix level locale login maker mark masked
    message_id meter_code method national_id number open_key paid_ref payout phone prefix provider provider_ref provider_txn ref
    redirect_url reference register request salt seal serial series settled_by slip_number source subject taken_by template token txn
    verified_by visitor channel_user conversation loaded_by login marked made_by mandate who table after commission
"""
"""What a thing or a person is called by, or what a program writes as its own mark."""
KINDS = """
    actual purpose payment_mode sha256 category commodity country currency destination direction held how kind language left method position price purpose_code
    quality role said segment sender sequence severity side state step trail type unit use uses wanted window_from window_until
    sent_by stop tariff tried branch sex lines
"""
"""One of a few words."""
AS_IT_CAME = {
    "bank, by whose file it is proven": "statement_line.otherwise statement_entry.problem statement_entry.name statement_entry.purpose statement_entry.reason statement_entry.matched",
    "provider, by whose signature it is proven": "provider_event.body provider_event.reason early_report.details early_report.reason",
    "row of a usage file": "usage_reject.line usage_fetch.name usage_fetch.problem usage_file.settings",
    "books, sealed": "journal.details posting.why seal.spans gl_summary.lines money_day.figures invoice.facts invoice_line.label",
    "file of ours for the bank": "debit_file.body",
    "the operator's own configuration": "tariff_version.document branch.name staff.name bucket.name",
    "word of a program": (
        "attempt.reason redemption.reason vend.reason bar_command.reason exposure.why barring.seen contacted.code alarm.details "
        "meter.registers meter.heard wording.lang wording.text difference.about pace.left id_block.name"
    ),
}


def test_every_column_of_texts_is_searched_or_excused() -> None:
    excused = {one for columns in AS_IT_CAME.values() for one in columns.split()}
    plain = {*NAMES.split(), *KINDS.split()}
    open_ = [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Text | JSON)
        and column.name not in plain
        and column.name not in WRITTEN.get(table.name, "").split()
        and f"{table.name}.{column.name}" not in excused
    ]
    assert open_ == []


def test_what_is_searched_is_there() -> None:
    for name, columns in WRITTEN.items():
        assert {*columns.split()} <= {*metadata.tables[name].columns.keys()}, name
