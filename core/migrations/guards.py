"""What tables alone cannot say: append-only tables, final invoices, and where PostgreSQL puts rows of any month.

The statements are frozen with the migration that used them first; a later change is a new function here.
"""

from collections.abc import Iterator

APPEND_ONLY_1 = (
    "journal",
    "posting",
    "audit",
    "ticket_event",
    "seal",
    "tariff_version",
    "allocation",
    "bucket_movement",
)
PARTITIONED_1 = ("usage", "posting", "invoice_line", "usage_event")


def guards_1(dialect: str) -> Iterator[str]:
    """The triggers and default partitions of revision 0001."""
    yield "INSERT INTO id_block (name, next_id) VALUES ('hodi', 1000001)"
    yield from _postgresql() if dialect == "postgresql" else _sqlite()


def _sqlite() -> Iterator[str]:
    for table in APPEND_ONLY_1:
        for verb in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    yield (
        "CREATE TRIGGER invoice_final BEFORE UPDATE ON invoice WHEN OLD.state = 'final' "
        "BEGIN SELECT RAISE(ABORT, 'a final invoice is never changed'); END"
    )
    yield (
        "CREATE TRIGGER invoice_kept BEFORE DELETE ON invoice WHEN OLD.state = 'final' "
        "BEGIN SELECT RAISE(ABORT, 'a final invoice is never changed'); END"
    )


def _postgresql() -> Iterator[str]:
    for table in PARTITIONED_1:
        yield f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT"
    yield (
        "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY_1:
        yield (
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION append_only()"
        )
    yield (
        "CREATE FUNCTION invoice_final() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'a final invoice is never changed'; END $$"
    )
    yield (
        "CREATE TRIGGER invoice_final BEFORE UPDATE OR DELETE ON invoice "
        "FOR EACH ROW WHEN (OLD.state = 'final') EXECUTE FUNCTION invoice_final()"
    )
