"""Every conversation Hodi has, one a file. A new one is a file, a row here, its words, and its drawing (`hodi dialogs draw`)."""

from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from core.config.operator import Operator
from core.money import parse
from dialogs import intents
from dialogs.book import FlowBook, bind
from dialogs.check_answers import check_answers
from dialogs.classify import classify
from dialogs.flows import (
    agent,
    arrange,
    balance,
    bill,
    choose_account,
    consent,
    debit,
    fault,
    help_,
    home,
    interest,
    language,
    link,
    messages,
    new_pin,
    paid,
    pay,
    photo,
    pin,
    plan,
    price,
    reading,
    resume,
    rewards,
    sorry,
    tickets,
    top_up,
)
from dialogs.localize import Localizer

FLOWS = (
    home.FLOW, balance.FLOW, bill.FLOW, pay.FLOW, fault.FLOW, tickets.FLOW, rewards.FLOW, choose_account.FLOW, pin.FLOW,
    new_pin.FLOW, link.FLOW, link.PART, interest.FLOW, language.FLOW, messages.STOP, messages.START, messages.STOP_SURE,
    messages.START_SURE, messages.LEAVING, help_.FLOW, resume.FLOW,
    reading.FLOW, price.FLOW, plan.PLAN, plan.NUMBERS_FLOW, consent.FLOW, agent.FLOW, top_up.FLOW, arrange.FLOW,
    paid.FLOW, debit.FLOW, photo.FLOW, sorry.FLOW,
)  # fmt: skip


def book_of(operator: Operator) -> FlowBook:
    """The book of an operator's house. What its flows keep and its texts name is proved here, at start."""
    book = bind(
        FLOWS,
        home.CALLER,
        home.MEET,
        Localizer(ZoneInfo(operator.zone), _common(operator)),
        partial(intents.find, languages=operator.languages),
        intents.WORDS,
        classify,
    )
    if problems := check_answers(book, operator.languages):
        raise ValueError("; ".join(problems))
    return book


def _common(operator: Operator) -> dict[str, Any]:
    """What every text, parse and fork may name."""
    return {
        "operator": operator.name,
        "support": operator.support_phone,
        "dial": operator.ussd_code,
        "currency": operator.currency,
        "least_minor": parse(operator.payments.minimum, operator.currency),
        "identity": operator.identity.ussd,
        "identity_chat": operator.identity.chat,
        "pin_digits": operator.identity.pin_digits,
    }
