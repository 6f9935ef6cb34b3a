"""Talk to a person. In a chat: the queue, then a clerk, and the bot is silent; on a phone: a call at a time they choose."""

from datetime import UTC, datetime

from dialogs.answers import DONE
from dialogs.counter import agent
from dialogs.counter.common import REFERENCE, Referenced
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Act, Again, Ask, Do, Effect, Flow, Fork, Go, Load, Menu, Pick, Say, Values
from dialogs.values import moment

_AT, _PHONE = moment(datetime(2026, 9, 28, 20, 20, tzinfo=UTC)), "+254712345678"
LONGEST = 300
LEAVE = ("0", "00", "menu", "bot", "exit")

HOW = Load(agent.how, agent.PersonRoute(_PHONE, True, _AT))
PLACE = Load(agent.queue_place, agent.QueuePlace(99))
TIMES = Load(agent.call_times, agent.CallTimes((agent.CallTime("x", _AT, "18:00"),) * 4))
TIME = Load(agent.call_time, agent.CallOffer(_AT, _PHONE))
ASK = Effect(agent.ask_for_a_person, DONE)
PASS_ON = Effect(agent.pass_on, agent.PassedOn(False), ("done", "left", "over"))
LEAVE_WORD = Effect(agent.leave_word, Referenced(REFERENCE))
ORDER = Effect(agent.order_call, Referenced(REFERENCE), ("done", "already"), risk="order")


def a_matter(text: str, _data: Values, _common: Values) -> Values:
    """What it is about, in a few words of theirs."""
    words = " ".join(text.split())
    if len(words) < 2:
        raise Again("interest.hint")
    if len(words) > LONGEST:
        raise Again("talk.too_long")
    return {"about": words}


def for_the_clerk(text: str, _data: Values, _common: Values) -> Values:
    """Whatever is written goes to the clerk, but for the words that lead back to the bot."""
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
        "about": Ask("agent.about", parse=a_matter, widest={"about": "W" * LONGEST}, to="ask"),
        "ask": Act(ASK, {"done": "queued", "refused": "refused", "down": "down"}),
        "queued": Ask(
            "agent.queued", load=PLACE, parse=for_the_clerk, widest={"leaving": False}, to="pass_on", nav=False
        ),
        "with_us": Ask("agent.with_us", parse=for_the_clerk, widest={"leaving": False}, to="pass_on", quiet=True),
        "pass_on": Act(
            PASS_ON, {"done": "with_us", "left": "home", "over": "home", "refused": "refused", "down": "down"}
        ),
        "closed": Menu(
            "agent.closed",
            choices=(Go("agent.write", to="word"), Go("agent.call_me", to="times", when="can_call")),
        ),
        "word": Ask("agent.about", parse=a_matter, widest={"about": "W" * LONGEST}, to="leave_word"),
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
