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
    "consent",
)
PARTITIONED_1 = ("usage", "posting", "invoice_line", "usage_event")


def guards_1(dialect: str) -> Iterator[str]:
    """The triggers and default partitions of revision 0001."""
    yield "INSERT INTO id_block (name, next_id) VALUES ('hodi', 1000001)"
    yield from _postgresql() if dialect == "postgresql" else _sqlite()
    yield from _radius()


def _radius() -> Iterator[str]:
    """What a RADIUS server reads of ours, in the columns its SQL module asks for: lines that may sign in, and at what."""
    lines = (
        "FROM network_line JOIN service ON service.id = network_line.service_id "
        "LEFT JOIN barring ON barring.service_id = network_line.service_id WHERE service.state <> 'ended'"
    )
    yield (
        "CREATE VIEW radcheck AS SELECT network_line.service_id AS id, login AS username, 'Auth-Type' AS attribute, "
        f"':=' AS op, CASE WHEN barring.wanted = 'hard' THEN 'Reject' ELSE 'Accept' END AS value {lines}"
    )
    yield (
        "CREATE VIEW radreply AS SELECT network_line.service_id AS id, login AS username, 'Filter-Id' AS attribute, "
        f"':=' AS op, 'soft' AS value {lines} AND barring.wanted = 'soft' UNION ALL "
        "SELECT network_line.service_id, login, 'WISPr-Bandwidth-Max-Down', ':=', CAST(barring.kbps * 1000 AS TEXT) "
        f"{lines} AND barring.wanted = 'soft' AND barring.kbps IS NOT NULL"
    )


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
