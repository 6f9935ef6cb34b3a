"""What a customer can do without anybody's help, on which channel; and, where they cannot, why. The one place that says so.

`docs/guides/conversations.md` publishes it, and a test tries every cell through the gateway's real routes: a cell without a reason has
to work, one with a reason has to be worth it.
"""

CHANNELS = {
    "ussd": "USSD",
    "sms": "SMS",
    "kannel": "SMS by Kannel",
    "whatsapp": "WhatsApp",
    "telegram": "Telegram",
    "webchat": "web chat",
    "email": "e-mail",
    "page": "`/me`",
}
VERBS = {
    "balance": "balance",
    "bundles": "what is left of bundles and airtime",
    "bills": "the last bills, each with its lines",
    "pay_by_link": "pay by a link",
    "pay_by_prompt": "pay by a prompt on the phone",
    "paid": "I paid: where is it?",
    "debit": "let every bill be collected, and end it",
    "ahead": "what comes next when money is late",
    "later": "pay later, in parts",
    "dispute": "dispute a line",
    "price": "what will I pay?",
    "plan": "my plan",
    "numbers": "my numbers",
    "reading": "read the meter",
    "photo": "send a picture of the meter",
    "top_up": "units for a prepaid meter",
    "points_kwh": "points for free units",
    "points_airtime": "points for airtime",
    "fault": "report a fault",
    "tickets": "what became of my reports",
    "person": "talk to a person",
    "language": "my language",
    "offers": "offers: yes or no",
    "messages": "stop and start all messages",
    "pin": "set a PIN",
    "link": "link an account",
    "unlink": "unlink it",
}

_LINES = "a line of text carries no picture: `READ 12345` sends what the meter shows"
_SENDER = "anybody can write any sender on a letter, so on its word no phone is prompted: a link pays"
REASONS = {
    ("photo", "ussd"): _LINES,
    ("photo", "sms"): _LINES,
    ("photo", "kannel"): _LINES,
    ("photo", "email"): "anybody can write any sender on a letter, so its files are not kept: the web chat takes them",
    ("pay_by_prompt", "email"): _SENDER,
    ("top_up", "email"): _SENDER,
    ("points_airtime", "email"): _SENDER,
}
"""(verb, channel) -> why the customer is led elsewhere."""


def table() -> str:
    """The matrix as Markdown: `yes`, or the number of a reason that stands below."""
    notes = list(dict.fromkeys(REASONS.values()))
    lines = [f"| | {' | '.join(CHANNELS.values())} |", "|---" * (len(CHANNELS) + 1) + "|"]
    for verb, words in VERBS.items():
        cells = [
            str(notes.index(REASONS[verb, channel]) + 1) if (verb, channel) in REASONS else "yes"
            for channel in CHANNELS
        ]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *(f"{at}. {note}" for at, note in enumerate(notes, 1)), ""])
