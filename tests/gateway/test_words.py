"""What customers write, through the real doors: keywords against questions, leaving, receipts, kind words, choices in any figures."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from core.care.tables import ticket
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.parties import consent, contacts
from core.parties.tables import contact
from core.payments.tables import attempt
from core.text import LANGUAGES
from dialogs.check_pages import check_pages
from dialogs.flows import book_of
from dialogs.opt_out import wants_opt_out
from dialogs.payment_reference import reference_of
from tests.gateway.open_doors import open_doors
from tests.gateway.talking import HOOKS, WANJIKU, Phone, a_customer, counter
from tests.gateway.test_flows import a_bill, rows
from tests.gateway.test_webhooks import SMS, replies
from tests.gateway.ways import WAYS, with_pages

NOBODY = "+254799000111"


@dataclass
class Texter:
    """Somebody who writes by SMS, and reads what comes back."""

    client: TestClient[web.Request, web.Application]
    app: App
    number: str = WANJIKU
    count: int = field(default=0)

    async def write(self, *texts: str, date: str = "2026-03-10 09:00:00") -> str:
        for text in texts:
            self.count += 1
            form = SMS | {"id": f"w{self.number}{self.count}", "text": text, "from": self.number, "date": date}
            assert (await self.client.post(f"{HOOKS}/sms", data=form)).status == 200
        return (await replies(self.app))[-1]

    async def stopped(self) -> bool:
        async with self.app.db.reading() as conn:
            found = await contacts.find(conn, "sms", self.number)
        assert found is not None
        return found.stopped_at is not None


Writes = Callable[..., Texter]


@pytest.fixture
def operator(operator: Operator) -> Operator:
    return operator.model_copy(update={"languages": ("en", "sw", "fr", "ha", "vi", "nl")})


@pytest.fixture
def one_house(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


@asynccontextmanager
async def texting(
    app: App, folder: Path, number: str = WANJIKU, bill: bool = True, **told: str
) -> AsyncIterator[Texter]:
    if number == WANJIKU:
        registered = await a_customer(app, **told)
        if bill:
            await a_bill(app, registered.account_id)
    async with counter(app, folder) as client:
        yield Texter(client, app, number)


# keywords and questions


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("MENU", "Mwangaza"), ("HELP", "Dial *384*100#"), ("AGENT", "When shall we call"), ("BAL", "Account 1001\nYou owe KES"),
        ("PAY 500", "Pay KES 500"), ("PAY500", "Pay KES 500"), ("msaada", "Dial *384*100#"), ("FAULT", "What is wrong?"),
        ("STOP", "You will get no more messages"), ("ARRET", "You will get no more messages"), ("Arrêt", "You will get no more messages"),
        ("asante", "You are welcome!"), ("unsubscribe me", "send STOP"),
    ],
)  # fmt: skip
async def test_a_keyword_goes_before_a_question_that_cannot_use_it(
    typed: str, answer: str, one_house: App, tmp_path: Path
) -> None:
    async with texting(one_house, tmp_path) as texter:
        assert (await texter.write("PAY", "3")).startswith("How much would you like to pay?")
        assert answer in await texter.write(typed)
        assert "Please write digits" not in "".join(await replies(one_house))


async def test_a_keyword_goes_before_a_question_on_ussd_too(app: App, tmp_path: Path) -> None:
    await a_bill(app, (await a_customer(app)).account_id)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        assert (await phone.answer("3", "3")).startswith("CON How much would you like to pay?")
        assert (await phone.answer("MENU")).startswith("CON Mwangaza")
        await phone.answer("3", "3")
        assert "Dial *384*100#" in await phone.answer("help")
        assert (await phone.answer("0")).startswith("CON How much would you like to pay?"), "help stands beside it"


@pytest.mark.parametrize(
    ("lang", "word", "where"),
    [
        ("fr", "Arrêt", "lieu"), ("fr", "ARRET", "lieu"), ("sw", "Acha", "mahali"), ("nl", "stoppen", "Waar"), ("vi", "Huy", "đâu"),
        ("ha", "TSAYA", "ina"),
    ],
)  # fmt: skip
async def test_a_word_of_one_language_is_asked_back_where_it_may_be_a_place(
    lang: str, word: str, where: str, one_house: App, tmp_path: Path
) -> None:
    async with texting(one_house, tmp_path, NOBODY) as texter:
        await texter.write("MENU")
        async with one_house.db.writing() as conn:
            met = await contacts.find_or_make(conn, one_house, "sms", NOBODY, NOBODY)
            await contacts.set_language(conn, met.id, lang)
        await texter.write("START", "FAULT")
        asked = await texter.write(word)
        assert "1. " in asked and "2. " in asked and not await texter.stopped()
        await texter.write("2", "1", "1")
        [opened] = await rows(one_house, ticket)
        assert (opened.description, await texter.stopped()) == (word, False)
        await texter.write("FAULT", word, "1")
        assert await texter.stopped()
        async with one_house.db.reading() as conn:
            *_, said = reversed(await consent.record(conn, [met.id]))
        assert (said.said, said.word) == ("stop", word)


async def test_stop_words_are_those_of_the_house(one_house: App, tmp_path: Path) -> None:
    app = replace(one_house, operator=one_house.operator.model_copy(update={"languages": ("en",)}))
    async with texting(app, tmp_path, NOBODY) as texter:
        await texter.write("hello", "FAULT")
        assert "What is wrong?" in await texter.write("Arrêt")
        await texter.write("MENU", "DUNG", "ARRET")
        assert not await texter.stopped()
        await texter.write("FAULT", "stop")
        assert await texter.stopped(), "the word that we tell people to send needs no yes"


@pytest.mark.parametrize("word", ["STOP", "stop", "STOPALL", "Unsubscribe"])
async def test_stop_is_taken_at_its_word_over_every_question(word: str, one_house: App, tmp_path: Path) -> None:
    async with texting(one_house, tmp_path) as texter:
        await texter.write("PAID", "1", word)  # the number of a payment: four letters would be one
        assert await texter.stopped()


async def test_an_account_number_is_no_keyword(one_house: App, tmp_path: Path) -> None:
    async with texting(one_house, tmp_path, NOBODY) as texter:
        assert "account number" in await texter.write("LINK")
        assert "account number" not in await texter.write("BILL")


# leaving in other words


@pytest.mark.parametrize(
    ("lang", "text", "answer"),
    [
        ("en", "please stop", "send STOP"), ("en", "Unsubscribe me!", "send STOP"), ("en", "stop sending me sms", "send STOP"),
        ("en", "Stop it", "send STOP"), ("en", "don't text me again", "send STOP"),
        ("sw", "sitaki ujumbe", "tuma STOP"), ("sw", "acheni kunitumia meseji zenu", "tuma STOP"),
        ("fr", "désabonnez-moi", "envoyez STOP"), ("fr", "je ne veux plus recevoir vos messages", "envoyez STOP"),
        ("fr", "arrêtez s'il vous plaît", "envoyez STOP"),
        ("ha", "ba na son saƙonninku", "tura STOP"), ("ha", "ku daina turo min saƙo", "tura STOP"),
        ("vi", "đừng gửi tin nhắn cho tôi nữa", "gửi STOP"), ("vi", "tôi không muốn nhận tin nhắn", "gửi STOP"),
        ("nl", "ik wil geen berichten meer", "Stuur STOP"), ("nl", "schrijf me uit", "Stuur STOP"),
    ],
)  # fmt: skip
async def test_leaving_in_other_words_is_answered_with_the_word_to_send(
    lang: str, text: str, answer: str, one_house: App, tmp_path: Path
) -> None:
    async with texting(one_house, tmp_path, language=lang) as texter:
        assert answer in await texter.write(text)
        assert answer in await texter.write("MENU", text)
        assert not await texter.stopped()


@pytest.mark.parametrize(
    "text",
    [
        "please stop the leak in my street", "when will you stop the load shedding", "the meter does not stop", "I got no message from you",
        "maji hayaachi kuvuja", "le compteur ne s'arrête pas", "de lekkage stopt niet", "ik heb geen bericht gehad", "waya ta fadi",
    ],
)  # fmt: skip
def test_what_only_sounds_like_leaving_is_not(text: str) -> None:
    from dialogs.intents import plain

    assert not wants_opt_out(plain(text))


async def test_leaving_words_beside_a_question_stay_its_answer_if_they_are(one_house: App, tmp_path: Path) -> None:
    async with texting(one_house, tmp_path, NOBODY) as texter:
        assert "send STOP" in await texter.write("hello", "FAULT", "unsubscribe me")
        assert "What is wrong?" in await texter.write("1")


# choices in any figures

FIGURES = [
    "3", " 3 ", "3.", "3)", "(3)", "#3", "3️⃣", "３", "٣", "۳", "३", "③", "⑶", "⒊", "➌", "³", "\u200e3", "3\u200f", "\u2066" "3\u2069", "\ufeff3", "3\u200b",
]  # fmt: skip


@pytest.mark.parametrize("typed", FIGURES)
async def test_a_choice_is_one_in_any_figures(typed: str, one_house: App, tmp_path: Path) -> None:
    async with texting(one_house, tmp_path) as texter:
        assert (await texter.write("MENU", typed)).startswith("You owe KES")


async def test_the_next_page_is_turned_in_any_figures(app: App, tmp_path: Path) -> None:
    await a_customer(app, language="vi")
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        first = await phone.answer("4")
        second = await phone.answer("９８")
        assert first != second and "97. " in second and "98. " in first
        assert await phone.answer("٩٧.") == first


# what was written before the question


async def test_a_text_that_is_older_than_the_question_is_not_its_answer(one_house: App, tmp_path: Path) -> None:
    async with texting(one_house, tmp_path, NOBODY) as texter:
        await texter.write("hello", date="2026-03-10 09:00:00")
        assert "Where is it?" in await texter.write("FAULT", date="2026-03-10 09:05:00")
        told = await texter.write("Amina Njeri", date="2026-03-10 09:02:00")
        assert told.startswith("That came before this question.") and "Where is it?" in told
        assert "What is wrong?" in await texter.write("Kisumu market", date="2026-03-10 09:06:00")
        late = await texter.write("1", date="2026-03-10 09:05:30")
        assert late.startswith("That came before this question.") and "What is wrong?" in late
        assert await texter.write("STOP", date="2026-03-10 09:01:00")
        assert await texter.stopped(), "STOP is no answer"


@pytest.mark.parametrize("channel", ["kannel", "whatsapp", "telegram"])
async def test_each_channel_that_tells_when_is_believed(channel: str, one_house: App, tmp_path: Path) -> None:
    import json

    from tests.doubles.meta import webhook
    from tests.gateway.open_doors import SECRET

    async with open_doors(one_house, tmp_path) as doors:

        async def write(number: int, text: str, at: int) -> str:
            if channel == "kannel":
                query = f"from=%2B254799000111&to=20880&id=k{number}&ts={at}&coding=0"
                answer = await doors.client.post(f"/hooks/kannel/{SECRET}/sms?{query}", data=text.encode())
            elif channel == "whatsapp":
                one = {
                    "id": f"w{number}",
                    "from": NOBODY[1:],
                    "timestamp": str(at),
                    "type": "text",
                    "text": {"body": text},
                }
                answer = await doors.whatsapp(webhook({"messages": [one]}))
            else:
                who = {"id": 7, "is_bot": False, "first_name": "A"}
                chat = {"id": 7, "type": "private", "first_name": "A"}
                one = {"message_id": number, "date": at, "chat": chat, "from": who, "text": text}
                answer = await doors.telegram(json.dumps({"update_id": number, "message": one}).encode())
            assert answer.status == 200
            return (await replies(one_house))[-1]

        now = int(one_house.clock.now().timestamp())
        await write(1, "hello", now - 60)
        assert "Where is it?" in await write(2, "FAULT", now - 30)
        assert (await write(3, "Nakuru", now - 50)).startswith("That came before this question.")
        assert "What is wrong?" in await write(4, "Nakuru", now - 30)


# who has paid

RECEIPTS = [
    ("SLK4H7JQ2X Confirmed. Ksh500.00 paid to MWANGAZA POWER. on 12/3/26 at 10:15 AM New M-PESA balance is Ksh1,234.00. "
     "Transaction cost, Ksh0.00. Amount you can transact within the day is 499,500.00.", "SLK4H7JQ2X"),
    ("SLK4H7JQ2X Confirmed. Ksh1,500.00 sent to MWANGAZA POWER for account 1001 on 12/3/26 at 10:15 AM New M-PESA balance is "
     "Ksh1,234.00. Transaction cost, Ksh5.00.Amount you can transact within the day is 498,500.00. Save frequent paybills for quick payment "
     "on M-PESA app https://bit.ly/mpesalnk. Start Investing today with Ziidi MMF & earn daily. Dial *334#.", "SLK4H7JQ2X"),
    ("Fwd: slk4h7jq2x confirmed.Ksh500.00 sent to MWANGAZA for account 1001", "SLK4H7JQ2X"),
    ("SLK4H7JQ2X Imethibitishwa. Ksh500.00 imetumwa kwa MWANGAZA POWER kwa akaunti 1001 tarehe 12/3/26 saa 10:15 AM", "SLK4H7JQ2X"),
    ("8BC2K4M1Q9T Imethibitishwa. Tsh5,000.00 imelipwa kwa LUKU tarehe 12/3/26", "8BC2K4M1Q9T"),
    ("Trans. ID: MP240312.1015.A12345. You have paid UGX 5,000 to UMEME.", "MP240312.1015.A12345"),
    ("TID 1234567890. Payment of KES 500 to MWANGAZA successful.", "1234567890"),
    ("Y'ello. You have paid 5,000 XAF. Financial Transaction Id: 12345678901", "12345678901"),
    ("Paiement de 5000 FCFA effectué à ENEO. ID de transaction : PP240312.1015.A12345", "PP240312.1015.A12345"),
    ("Chuyển khoản thành công. Mã GD: FT24031212345", "FT24031212345"),
    ("PAID SLK4H7JQ2X please check", "SLK4H7JQ2X"),
    ("I have paid SLK4H7JQ2X", "SLK4H7JQ2X"),
    ("nimelipa slk4h7jq2x tafadhali", "SLK4H7JQ2X"),
    ("j'ai payé, réf : SLK4H7JQ2X", "SLK4H7JQ2X"),
    ("mpesa code QWE123XYZ", "QWE123XYZ"),
    ("SLK4H7JQ2X", "SLK4H7JQ2X"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "number"), RECEIPTS)
async def test_who_has_paid_is_not_asked_to_pay(text: str, number: str, one_house: App, tmp_path: Path) -> None:
    async with texting(one_house, tmp_path) as texter:
        assert f"We do not see {number.upper()} yet" in await texter.write(text)
        assert f"We do not see {number.upper()} yet" in await texter.write("MENU", "PAY", "3", text)
    assert await rows(one_house, attempt) == []


@pytest.mark.parametrize(
    "text",
    [
        "I have paid", "i already paid!", "my payment is not showing", "PAID", "nimeshalipa", "tayari nimelipa", "j'ai déjà payé",
        "na riga na biya", "tôi đã thanh toán rồi", "ik heb al betaald",
    ],
)  # fmt: skip
async def test_paid_in_other_words_leads_to_the_last_payments(text: str, one_house: App, tmp_path: Path) -> None:
    async with texting(one_house, tmp_path) as texter:
        assert "I have its number" in await texter.write(text)


@pytest.mark.parametrize(
    "text",
    [
        "pay account 100001", "I will pay on 5th", "my account is MW12345678", "PAY 500", "READ 12345", "meter M1234567 is broken",
        "I want to pay 1500", "call me on 0712345678", "",
    ],
)  # fmt: skip
def test_what_tells_of_no_payment_has_no_number(text: str) -> None:
    assert reference_of(text) == ""


# kind words, and other things people say


@pytest.mark.parametrize(
    ("lang", "thanks", "answer"),
    [
        ("en", "thank you", "You are welcome!"), ("en", "Thanks a lot!", "You are welcome!"), ("sw", "asante", "Karibu sana!"),
        ("sw", "Asante sana", "Karibu sana!"), ("fr", "merci beaucoup", "Avec plaisir !"), ("ha", "na gode", "Babu komai!"),
        ("vi", "cảm ơn", "Không có gì ạ!"), ("nl", "dank je wel", "Graag gedaan!"), ("en", "good morning", "Good day!"),
        ("sw", "habari za asubuhi", "Karibu!"), ("fr", "bonsoir", "Bonjour !"), ("ha", "ina kwana", "Barka!"),
        ("vi", "chào buổi sáng", "Xin chào!"), ("nl", "goedemorgen", "Goedendag!"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("first", [True, False])
async def test_kind_words_get_a_human_answer_and_the_menu(
    lang: str, thanks: str, answer: str, first: bool, one_house: App, tmp_path: Path
) -> None:
    async with texting(one_house, tmp_path, language=lang) as texter:
        told = await texter.write(*([] if first else ["BAL"]), thanks)
        assert told.startswith(answer) and "1. " in told


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("pay my bill", "You owe KES"), ("PAY500", "Pay KES 500"), ("hakuna stima", "What is wrong?"),
        ("meter not working", "What is wrong?"), ("forgot pin", "Your PIN protects"), ("nimesahau pin", "Your PIN protects"),
        ("new connection", "What is your name?"), ("kiswahili", "Unadaiwa"), ("English", "You owe"), ("Français", "Vous devez"),
        ("HAUSA", "Ana bin ku"), ("tiếng Việt", "Bạn nợ"), ("nederlands", "U moet"), ("kiingereza", "You owe"),
    ],
)  # fmt: skip
async def test_what_people_really_write_is_understood(text: str, answer: str, one_house: App, tmp_path: Path) -> None:
    async with texting(one_house, tmp_path) as texter:
        assert answer in await texter.write("MENU", text)


async def test_a_language_that_the_house_does_not_speak_leads_to_those_that_it_does(
    one_house: App, tmp_path: Path
) -> None:
    app = replace(one_house, operator=one_house.operator.model_copy(update={"languages": ("en", "sw")}))
    async with texting(app, tmp_path) as texter:
        assert "2. Kiswahili" in await texter.write("français")
        async with app.db.reading() as conn:
            assert {one.language for one in await conn.execute(select(contact.c.language))} == {"en"}


@pytest.mark.parametrize("channel", ["sms", "kannel", "whatsapp", "telegram", "webchat", "email"])
async def test_kind_words_receipts_and_leaving_are_heard_on_every_channel(
    channel: str, one_house: App, tmp_path: Path
) -> None:
    await a_customer(one_house)
    async with open_doors(one_house, tmp_path, with_pages) as doors:
        way = WAYS[channel](doors, channel)
        await way.home()
        assert (await way.type("thank you")).startswith("You are welcome!")
        assert "send STOP" in await way.type("please stop")
        assert "no account yet" in await way.type("I have paid") or "I have its number" in way.options


@pytest.mark.parametrize("channel", ["ussd", "sms", "kannel", "whatsapp", "telegram", "email", "webchat"])
async def test_no_screen_of_any_flow_in_any_language_is_laid_out_badly(
    channel: str, one_house: App, tmp_path: Path
) -> None:
    async with open_doors(one_house, tmp_path, with_pages) as doors:
        lay_out = doors.channels["sms" if channel == "kannel" else channel].lay_out
        assert check_pages(book_of(one_house.operator), LANGUAGES, lay_out) == []
