"""`hodi import statement` with what banks really write: whoever paid is credited, once, and `hodi db verify` proves each statement."""

import sqlite3
from pathlib import Path

import pytest

from tests.gateway.commands.banking import (
    CHARGE,
    OLD_CHARGE,
    an_operator,
    camt,
    line,
    ntry,
    part,
    sta,
    taken,
    two_customers,
)
from tests.gateway.commands.test_cli import hodi, quiet

__all__ = ["quiet"]
HEAD = "{1:F01BBBBNL2AXXXX00001}{2:I940BBBBNL2AXXXN}{4:\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    an_operator(tmp_path, monkeypatch)
    two_customers(tmp_path)
    return tmp_path


def asked(folder: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "hodi.db") as db:
        return list(db.execute(query))


def credited(folder: Path) -> list[tuple[object, ...]]:
    """(account number or None, cents) of every receipt."""
    return asked(
        folder,
        "SELECT a.number, r.amount_minor FROM receipt r LEFT JOIN account a ON a.id = r.account_id ORDER BY r.id",
    )


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def proved() -> None:
    assert hodi("db", "verify")[0] == 0


def test_references_that_begin_anew_each_day_are_two_payments(folder: Path) -> None:
    taken("statement", written(folder, "1.sta", sta("101/1", "2000,00", "2040,00", [line("40,00", "100001")])))
    day = "261104"
    second = sta("102/1", "2040,00", "2100,00", [line("60,00", "100002", day=day)], day=day)
    for _ in range(2):
        told = taken("statement", written(folder, "2.sta", second))
    assert "0 entries new, 1 there already" in told
    assert credited(folder) == [("100001", 4_000), ("100002", 6_000)]
    proved()


@pytest.mark.parametrize("ref", ["//0001", "", "//NONREF"])
def test_equal_payments_of_one_day_are_counted_over_pages_and_files(folder: Path, ref: str) -> None:
    """Two equal ones on the first page, one on the second; then the file again, and yesterday's file with one more."""
    same = line("40,00", "100001", ref=ref)
    pages = sta("7/1", "0,00", "80,00", [same, same], page=True) + sta("7/2", "80,00", "120,00", [same], page=True)
    for _ in range(2):
        taken("statement", written(folder, "pages.sta", pages))
    assert credited(folder) == [("100001", 4_000)] * 3
    taken("statement", written(folder, "more.sta", sta("8/1", "120,00", "160,00", [same])))
    taken("statement", written(folder, "more.sta", sta("8/1", "120,00", "200,00", [same, same])))
    assert credited(folder) == [("100001", 4_000)] * 5
    proved()


def test_a_known_movement_with_another_text_is_reported_and_never_there_already(folder: Path) -> None:
    taken("statement", written(folder, "1.sta", sta("9/1", "0,00", "40,00", [line("40,00", "100001")])))
    status, told = hodi(
        "import", "statement", str(written(folder, "2.sta", sta("9/1", "0,00", "40,00", [line("40,00", "100002")])))
    )
    assert status == 1
    assert "told otherwise than before" in told and "100001" in told and "100002" in told
    assert credited(folder) == [("100001", 4_000)]
    _, told = hodi("money", "day", "2026-11-03")
    assert "bank_otherwise" in told
    proved()


@pytest.mark.parametrize(("number", "ref", "paid"), [
    ("10/1", "//B", ["100001", "100002"]), ("9/1", "//B", ["100001"]), ("10/1", "//A", ["100001"]), ("10/1", "//NONREF", ["100001"]),
])  # fmt: skip
def test_what_has_a_number_and_a_reference_of_its_own_is_another_payment(
    folder: Path, number: str, ref: str, paid: list[str]
) -> None:
    """Both statements begin at the same balance and end at the same one; the bank calls them, and what is in them, otherwise."""
    taken("statement", written(folder, "1.sta", sta("9/1", "0,00", "40,00", [line("40,00", "100001", ref="//A")])))
    second = written(folder, "2.sta", sta(number, "0,00", "40,00", [line("40,00", paid[-1], ref=ref)]))
    hodi("import", "statement", str(second))
    hodi("import", "statement", str(second))
    assert credited(folder) == [(account, 4_000) for account in paid]
    proved()


BATCH = part("50.00", "100001") + part("80.00", "100002", more=CHARGE)


@pytest.mark.parametrize("details", [
    BATCH, part("50.00", "100001", more=OLD_CHARGE) + part("80.00", "100002"),
])  # fmt: skip
@pytest.mark.parametrize("version", ["02", "08"])
def test_a_batch_net_of_charges_is_its_parts_and_the_charges(folder: Path, details: str, version: str) -> None:
    file = written(
        folder,
        "b.xml",
        camt(ntry("129.00", f"<Btch><NbOfTxs>2</NbOfTxs></Btch>{details}"), "500.00", "629.00", version=version),
    )
    for _ in range(2):
        taken("statement", file)
    assert credited(folder) == [("100001", 5_000), ("100002", 8_000)]
    assert asked(folder, "SELECT amount_minor, purpose FROM statement_entry WHERE amount_minor < 0") == [
        (-100, "bank charges")
    ]
    proved()


@pytest.mark.parametrize("details", [
    part("50.00", "100001") + part("70.00", "100002"),
    part("50.00", "100001"),
    f"<Btch><NbOfTxs>2</NbOfTxs></Btch>{part('', '100001')}",
    part("", "100001") + part("", "100002"),
    part("", "100001") + part("", "nobody"),
])  # fmt: skip
def test_parts_that_do_not_add_up_are_nobodys_with_the_reason(folder: Path, details: str) -> None:
    told = taken("statement", written(folder, "b.xml", camt(ntry("129.00", details), "500.00", "629.00")))
    assert "nobody's until somebody looks" in told
    assert credited(folder) == [(None, 12_900)]
    [(reference,)] = asked(folder, "SELECT reference FROM receipt")
    assert "add up" in str(reference) or "does not tell them" in str(reference)
    proved()


def test_a_text_that_names_two_accounts_chooses_neither(folder: Path) -> None:
    taken("statement", written(folder, "1.sta", sta("9/1", "0,00", "40,00", [line("40,00", "100001 und 100002")])))
    assert credited(folder) == [(None, 4_000)]
    [(reference,)] = asked(folder, "SELECT reference FROM receipt")
    assert reference == "It names 2 accounts: 100001, 100002"


@pytest.mark.parametrize(("entry", "codes"), [
    (ntry("90.00", part("100.00", "100001 thanks", currency="USD")), ("OPBD", "CLBD")),
    (ntry("90.00", part("90.00", "100001"), booked="<ValDt><Dt>2026-11-12</Dt></ValDt>"), ("OPBD", "CLBD")),
    (ntry("90.00", part("90.00", "100001"), booked="<BookgDt><DtTm>2026-11-12T10:00:00</DtTm></BookgDt>"), ("OPBD", "CLBD")),
    (ntry("90.00", part("90.00", "100001"), booked=""), ("OPBD", "CLBD")),
    (ntry("90.00", part("90.00", "100001"), status=""), ("OPBD", "CLBD")),
    (ntry("90.00", part("90.00", "100001"), status="<Sts>BOOK</Sts>"), ("OPBD", "CLBD")),
    (ntry("90.00", part("", "100001"), ref="NONREF"), ("ITBD", "ITBD")),
    (ntry("90.00", part("90.00", "100001")), ("PRCD", "CLBD")),
    (ntry("90.00", part("90.00", "100001")), ("CLAV", "CLBD")),
    (ntry("90.00", "<TxDtls><AmtDtls><InstdAmt><Amt Ccy='CHF'>95.00</Amt></InstdAmt></AmtDtls><RmtInf><Strd><CdtrRefInf><Ref>100001</Ref>"
                   "</CdtrRefInf></Strd></RmtInf></TxDtls>"), ("OPBD", "CLBD")),
])  # fmt: skip
def test_a_detail_that_is_missing_or_foreign_costs_nothing(folder: Path, entry: str, codes: tuple[str, str]) -> None:
    taken("statement", written(folder, "s.xml", camt(entry, "500.00", "590.00", codes=codes)))
    assert credited(folder) == [("100001", 9_000)]
    proved()


@pytest.mark.parametrize("bad", [
    ntry("39.00", part("39.00", "100002"), way="", ref="BAD"),
    "<Ntry><Amt Ccy='USD'>39.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><AcctSvcrRef>BAD</AcctSvcrRef></Ntry>",
    "<Ntry><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts></Ntry>",
])  # fmt: skip
def test_an_entry_that_cannot_be_read_costs_only_itself_and_is_kept_with_its_amount(folder: Path, bad: str) -> None:
    good = ntry("90.00", part("90.00", "100001"))
    told = taken("statement", written(folder, "s.xml", camt(good + bad, "500.00", "629.00")))
    assert "could not be read" in told and "39.00" in told
    assert credited(folder)[0] == ("100001", 9_000)
    assert asked(folder, "SELECT amount_minor FROM statement_entry WHERE problem IS NOT NULL") == [(3_900,)]
    proved()


def test_a_line_of_mt940_that_cannot_be_read_costs_only_itself(folder: Path) -> None:
    text = sta("5/1", "0,00", "75,00", [line("40,00", "100001"), ":61:nonsense\n:86:100002"])
    assert "could not be read" in taken("statement", written(folder, "s.sta", text))
    assert credited(folder) == [("100001", 4_000), (None, 3_500)]
    proved()


@pytest.mark.parametrize("said", [
    ":61:2611031103C40,00NTRFEREF//2611\n/TRCD/00100/\n:86:/EREF/NOTPROVIDED//CNTP/NL32BBBB0000012345/BBBBNL2A/P. Probe///REMI/USTD//klant 100002 november/",
    ":61:2611031103C40,NTRFNONREF//2611\n/OCMT/EUR40,00/\n:86:/TRTP/SEPA OVERBOEKING/IBAN/NL32BBBB0000012345/BIC/BBBBNL2A/NAME/P PROBE\n/REMI/100002 NOV/EREF/NOTPROVIDED",
    ":61:261103C40,00NTRFNONREF//2611\n:86:payment of customer 100002 november",
    ":61:2611031103CR40,00NTRFNONREF//2611\n:86:" + ("as we wrote in the letter about the bill of our house in town " * 2)[:62] + "100\n002",
    ":61:2611031103CR40,00NTRFNONREF//2611\n:86:166?00GUTSCHRIFT?20EREF+NOTPROVIDED?21SVWZ+Rechnung November, 100?22002 danke?32PROBE",
    ":61:2611031103CR40,00NTRFNONREF//2611\n:86:166?00GUTSCHRIFT?20Rechnung?21100002?32PROBE BERT",
    ":61:2611031103CR40,00NTRF100002//2611",
    ":61:2611031103C40,00NTRFNONREF//2611\n:86:/REMI/STRD/CUR/100002/",
])  # fmt: skip
def test_whatever_way_a_bank_writes_what_the_payer_wrote_it_is_read(folder: Path, said: str) -> None:
    taken("statement", written(folder, "s.sta", HEAD + sta("5", "0,00", "40,00", [said]).replace("\n-\n", "\n-}\n")))
    assert credited(folder) == [("100002", 4_000)], said
    proved()


@pytest.mark.parametrize("encoding", ["iso-8859-1", "cp1252", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("form", ["sta", "xml"])
def test_letters_are_what_the_file_says_or_is(folder: Path, encoding: str, form: str) -> None:
    text = sta("3/1", "0,00", "40,00", [line("40,00", "Abschlag Ä 100001").replace("MUSTER", "MÜLLER JÖRG")])
    if form == "xml":
        debtor = "<RltdPties><Dbtr><Nm>MÜLLER JÖRG</Nm></Dbtr></RltdPties>"
        told = {"cp1252": "windows-1252", "utf-8-sig": "utf-8", "utf-16-le": "utf-16"}.get(encoding, encoding)
        text = camt(ntry("40.00", part("40.00", "100001", more=debtor)), "0.00", "40.00").replace("UTF-8", told)
    taken("statement", written(folder, f"s.{form}", text.encode(encoding)))
    assert asked(folder, "SELECT name FROM statement_entry") == [("MÜLLER JÖRG",)]
    assert credited(folder) == [("100001", 4_000)]


def test_a_batch_is_one_movement_whoever_tells_it_first(folder: Path) -> None:
    """The statement tells the batch, the notification its parts; MT940 the batch again: nobody is credited twice."""
    whole = camt(
        "<Ntry><Amt Ccy='EUR'>129.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-12</Dt></BookgDt>"
        "<AcctSvcrRef>B700</AcctSvcrRef><NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch></NtryDtls></Ntry>",
        "500.00",
        "629.00",
    )
    parts = camt(ntry("129.00", BATCH), "", "", kind="054")
    mt940 = sta("301/1", "500,00", "629,00", [line("129,00", "SAMMLER", day="261112", ref="//B700")], day="261112")
    taken("statement", written(folder, "s.xml", whole))
    assert credited(folder) == []
    for _ in range(2):
        taken("statement", written(folder, "n.xml", parts))
        taken("statement", written(folder, "s.sta", mt940))
        taken("statement", written(folder, "s.xml", whole))
    assert credited(folder) == [("100001", 5_000), ("100002", 8_000)]
    proved()


def test_verify_finds_a_payment_that_was_taken_out_of_a_statement(folder: Path) -> None:
    taken("statement", written(folder, "1.sta", sta("9/1", "0,00", "40,00", [line("40,00", "nobody")])))
    proved()
    with sqlite3.connect(folder / "hodi.db") as db:
        db.execute("UPDATE statement_entry SET amount_minor = 3000")
    assert hodi("db", "verify")[0] == 1
