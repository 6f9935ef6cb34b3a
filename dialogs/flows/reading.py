"""The customer reads the meter: four answers from the first menu, or `READ 12345` by SMS."""

from datetime import date

from core.metering.units import MICRO, Unreadable, typed
from dialogs.counter import reading
from dialogs.counter.common import REFERENCE, Referenced
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Again, Ask, Do, Effect, Flow, Fork, Go, Load, Menu, Pick, Say, Values
from dialogs.number_slots import ENDS
from dialogs.values import day, quantity

_DAY, _VALUE, _SERIAL = day(date(2026, 9, 28)), quantity(99_999_999_000_000, "kWh"), "W" * 20

METERS = Load(
    reading.meters,
    reading.ReadableMeters(
        (reading.MeterRow("1", _SERIAL, "kWh"),) * 4,
        opens=_DAY,
        closes=_DAY,
        read_micro=12_345_000_000,
        meter_id="1",
    ),
)
METER = Load(reading.meter, reading.MeterAsked(_SERIAL, _VALUE, 8, "kWh"))
READING = Load(reading.reading, reading.ReadingGiven(_SERIAL, _VALUE))
SEND = Effect(reading.send_reading, Referenced(REFERENCE), ("done", "already", "pending"), risk="order")


def figures(text: str, data: Values, common: Values) -> Values:
    """Micro-units of what was typed, in the notation of who typed it: no more figures than the meter has."""
    try:
        micro = typed(text.rstrip(ENDS), common["lang"], str(data["unit"]))
    except Unreadable as why:
        raise Again("reading.digits", dials=data["dials"]) from why
    if micro >= 10 ** int(data["dials"]) * MICRO:
        raise Again("reading.digits", dials=data["dials"])
    return {"read_micro": micro}


FLOW = Flow(
    "reading",
    start="meters",
    guards=("choose_account", "pin"),
    states={
        "meters": Fork(
            {"one": "value", "several": "which", "typed": "confirm", "shut": "shut", "none": "none"},
            load=METERS,
            keep=("meter_id", "read_micro", "opens", "closes"),
        ),
        "which": Pick("reading.which", row="reading.row", load=METERS, keep_as="meter_id", to="value", none="none"),
        "value": Ask(
            "reading.value", load=METER, keep=("dials", "unit"), parse=figures, widest={"read_micro": 1}, to="confirm"
        ),
        "confirm": Menu(
            "reading.confirm",
            load=READING,
            keep=("value",),
            choices=(
                Do("talk.yes", run=SEND, done="taken", already="known", pending="held", refused="refused", down="down"),
                Go("talk.no", to="value"),
            ),
        ),
        "taken": Say("reading.taken"),
        "known": Say("reading.known"),
        "held": Say("reading.held"),
        "shut": Say("reading.wait"),
        "none": Say("reading.none", choices=(Go("home.agent", to="agent"),)),
        "refused": REFUSED,
        "down": DOWN,
    },
)
