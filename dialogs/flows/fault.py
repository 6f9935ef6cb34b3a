"""Something is wrong with the supply: what we know already is told first, and a ticket is three answers away."""

from datetime import UTC, datetime

from dialogs.counter import fault
from dialogs.counter.common import REFERENCE, Referenced
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Again, Ask, Do, Effect, Flow, Fork, Go, Load, Menu, Pick, Say, Values
from dialogs.values import cut, moment, word

_AT = moment(datetime(2026, 9, 28, 20, 20, tzinfo=UTC))
_PLACE = "W" * 30
LONGEST_PLACE = 120
_TYPED = {"place": "W" * 60}

PLACES = Load(fault.places, fault.Places((fault.PlaceRow({}, _PLACE),) * 7, spot=None, place=_PLACE))
KNOWN = Load(
    fault.known_outage,
    fault.KnownOutage(_PLACE, "W" * 20, "W" * 30, since=_AT, until=word("fault.until", at=_AT)),
)
KINDS = Load(
    fault.fault_kinds,
    fault.FaultKinds(electricity=True, leaks=True, water=True, internet=True, metered=False, elsewhere=False),
)
SUMMARY = Load(fault.fault_summary, fault.FaultSummary(word("fault.kind.no_supply"), _PLACE))
REPORT = Effect(fault.report_fault, Referenced(REFERENCE), ("done", "already"), risk="order")


def a_place(text: str, _data: Values, _common: Values) -> Values:
    """A place in the customer's own words."""
    if len(text) < 3:
        raise Again("fault.where_hint")
    if len(text) > LONGEST_PLACE:
        raise Again("talk.too_long")
    return {"spot": None, "place": cut(text, LONGEST_PLACE)}


def a_place_of_theirs(text: str, data: Values, common: Values) -> Values:
    """Where it is, in their own words; which of their supplies it is, is known."""
    return {"place": a_place(text, data, common)["place"]}


def placed(data: Values, _facts: Values) -> str:
    """Whether it is known where the supply is."""
    return "known" if str(data.get("place") or "").strip() else "nowhere"


def _kind(name: str, when: str = "") -> Go:
    return Go(f"fault.kind.{name}", to="confirm", keep={"kind": name}, when=when)


FLOW = Flow(
    "fault",
    start="places",
    states={
        "places": Fork(
            {"one": "known", "several": "which", "none": "where", "told": "kind"}, load=PLACES, keep=("spot", "place")
        ),
        "which": Pick("fault.which", row="fault.place", load=PLACES, keep_as="spot", to="known", none="where", pages=3),
        "known": Fork(
            {"outage": "outage", "clear": "placed"}, load=KNOWN, keep=("place", "area", "cause", "since", "until")
        ),
        "outage": Menu("fault.outage", choices=(Go("fault.mine_differs", to="placed"),), pages=2),
        "placed": Fork({"known": "kind", "nowhere": "where_theirs"}, judge=placed),
        "where_theirs": Ask("fault.where", parse=a_place_of_theirs, widest=_TYPED, to="kind", pin=True),
        "where": Ask("fault.where", parse=a_place, widest=_TYPED, to="kind", pin=True),
        "kind": Menu(
            "fault.kind",
            load=KINDS,
            choices=(
                _kind("no_supply"),
                _kind("voltage", "electricity"),
                _kind("danger", "electricity"),
                _kind("leak", "leaks"),
                _kind("quality", "water"),
                _kind("slow", "internet"),
                _kind("meter", "metered"),
                _kind("other"),
                Go("fault.elsewhere", to="where", when="elsewhere"),
            ),
            pages=2,
        ),
        "confirm": Menu(
            "fault.confirm",
            load=SUMMARY,
            choices=(
                Do("talk.yes", run=REPORT, done="reported", already="reported", refused="refused", down="down"),
                Go("talk.no", to="kind"),
            ),
        ),
        "reported": Say("fault.reported", choices=(Go("fault.my_tickets", to="tickets"),)),
        "refused": REFUSED,
        "down": DOWN,
    },
)
