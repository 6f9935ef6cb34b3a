"""Talk to a person. In a chat: the queue, then a clerk, and the bot is silent; on a phone: a call at a time she chooses."""

from datetime import UTC, datetime

from dialogs.counter import agent
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Act, Again, Ask, Do, Effect, Flow, Fork, Go, Load, Menu, Pick, Say, Values
from dialogs.values import moment

_AT, _PHONE = moment(datetime(2026, 9, 28, 20, 20, tzinfo=UTC)), "+254712345678"
LONGEST = 300
LEAVE = ("0", "00", "menu", "bot", "exit")

HOW = Load(agent.how, {"phone": _PHONE, "can_call": True, "opens": _AT})
PLACE = Load(agent.queue_place, {"place": 99})
TIMES = Load(agent.call_times, {"rows": [{"value": "x", "begin": _AT, "end": "18:00"}] * 4})
TIME = Load(agent.call_time, {"when": _AT, "phone": _PHONE})
ASK = Effect(agent.ask_for_a_person)
PASS_ON = Effect(agent.pass_on, ("done", "left", "over"))
LEAVE_WORD = Effect(agent.leave_word, widest={"reference": "T-1234567-8"})
ORDER = Effect(agent.order_call, ("done", "already"), risk="order", widest={"reference": "T-1234567-8"})


def a_matter(text: str, _data: Values, _house: Values) -> Values:
    """What it is about, in a few words of hers."""
    said = " ".join(text.split())
    if len(said) < 2:
        raise Again("interest.hint")
    if len(said) > LONGEST:
        raise Again("talk.too_long")
    return {"about": said}


def for_the_clerk(text: str, _data: Values, _house: Values) -> Values:
    """Whatever she writes goes to the clerk, but for the words that lead back to the bot."""
    return {"leaving": text.strip().casefold() in LEAVE}


FLOW = Flow(
    "agent",
    start="how",
    states={
        "how": Fork(
            {"chat": "about", "standing": "queued", "closed": "closed", "call": "times"},
            load=HOW,
            keep=("phone", "can_call", "opens"),
        ),
        "about": Ask("agent.about", parse=a_matter, to="ask"),
        "ask": Act(ASK, {"done": "queued", "refused": "refused", "down": "down"}),
        "queued": Ask("agent.queued", load=PLACE, parse=for_the_clerk, to="pass_on", nav=False),
        "with_us": Ask("agent.with_us", parse=for_the_clerk, to="pass_on", quiet=True),
        "pass_on": Act(
            PASS_ON, {"done": "with_us", "left": "home", "over": "home", "refused": "refused", "down": "down"}
        ),
        "closed": Menu(
            "agent.closed",
            choices=(Go("agent.write", to="word"), Go("agent.call_me", to="times", when="can_call")),
        ),
        "word": Ask("agent.about", parse=a_matter, to="leave_word"),
        "leave_word": Act(LEAVE_WORD, {"done": "kept", "refused": "refused", "down": "down"}),
        "kept": Say("agent.kept"),
        "times": Pick("agent.times", row="agent.time", load=TIMES, keep_as="slot", to="confirm", none="no_times"),
        "no_times": Say("help.told"),
        "confirm": Menu(
            "agent.confirm",
            load=TIME,
            keep=("when",),
            choices=(
                Do("talk.yes", run=ORDER, done="promised", already="standing", refused="refused", down="down"),
                Go("talk.no", to="times"),
            ),
        ),
        "promised": Say("agent.promised"),
        "standing": Say("agent.standing"),
        "refused": REFUSED,
        "down": DOWN,
    },
)
