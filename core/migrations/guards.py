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
    "interaction",
)
BLANKABLE_1 = {
    "interaction": ("text", "id contact_id account_id channel direction kind outbox_id at"),
    "ticket_event": ("details", "id ticket_id at actor kind"),
    "audit": ("details", "id at actor action subject"),
    "bucket_movement": ("why", "id bucket_id key kind amount at"),
    "consent": ("word", "id contact_id said sender channel at"),
}
"""Of append-only tables in which people's words stand: their body, and what stays as it was when it is blanked (`core/audit/blanking.py`)."""
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
            only = f"WHEN NOT ({_blanks(table, 'sqlite')}) " if verb == "UPDATE" and table in BLANKABLE_1 else ""
            yield (
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} {only}"
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
        both = "DELETE" if table in BLANKABLE_1 else "UPDATE OR DELETE"
        yield (
            f"CREATE TRIGGER {table}_append_only BEFORE {both} ON {table} FOR EACH ROW EXECUTE FUNCTION append_only()"
        )
        if table in BLANKABLE_1:
            yield from _blanked_only(table)
    yield (
        "CREATE FUNCTION invoice_final() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'a final invoice is never changed'; END $$"
    )
    yield (
        "CREATE TRIGGER invoice_final BEFORE UPDATE OR DELETE ON invoice "
        "FOR EACH ROW WHEN (OLD.state = 'final') EXECUTE FUNCTION invoice_final()"
    )


def _blanked_only(table: str) -> Iterator[str]:
    """PostgreSQL: a trigger's own condition may ask no other table, so the function does."""
    yield (
        f"CREATE FUNCTION {table}_blanked_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {_blanks(table, 'postgresql')} THEN RETURN NEW; END IF; "
        f"RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    yield (
        f"CREATE TRIGGER {table}_blanked_only BEFORE UPDATE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_blanked_only()"
    )


def _blanks(table: str, dialect: str) -> str:
    """That an update blanks the body, which is in the audit, and changes nothing else."""
    body, others = BLANKABLE_1[table]
    same, blanked = ("IS", f'json(NEW.{body}) = \'{{"blanked":"***"}}\'')
    if dialect == "postgresql":
        same, blanked = ("IS NOT DISTINCT FROM", f'NEW.{body} = \'{{"blanked": "***"}}\'::jsonb')
    if body != "details":
        blanked = f"NEW.{body} = '***'"
    kept = " AND ".join(f"NEW.{name} {same} OLD.{name}" for name in others.split())
    told = f"action = '{table}.blanked' AND subject = '{table}:' || OLD.id"
    return f"{blanked} AND {kept} AND EXISTS (SELECT 1 FROM audit WHERE {told})"  # noqa: S608 - our own words
