"""What an operator sets: `Settings` from the environment (where things are, and secrets), `Operator` from its folder (rules).

The folder holds `operator.yaml`, `tariffs/*.yaml`, and optional `texts/<lang>.yaml`. A mistake in it is told with file, line
and remedy. Secrets are `SecretStr`: they refuse to print themselves.
"""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import Field, ValidationError, field_validator

from core import yaml_text
from core.config.collections import Collections
from core.config.environment import EXAMPLE_SECRET, Settings
from core.config.messages import Notices, SmsSettings
from core.config.payments import CashDesk, DirectDebit, Payments, Reconcile, Refunds, Section
from core.errors import BadInput
from core.money import known
from core.text import LANGUAGES

__all__ = ["EXAMPLE_SECRET", "Operator", "Settings", "line_of", "read_operator"]


class Billing(Section):
    """When a bill is due and what happens to a month whose readings are not complete."""

    due_days: Annotated[int, Field(ge=0, le=90)] = 14
    gaps: Literal["estimate", "park"] = "estimate"
    park_above_missing: Annotated[str, Field(pattern=r"^0?\.\d+$|^1$|^0$")] = "0.5"
    """A month that lacks more than this share of its readings is parked rather than estimated."""
    number_prefix: str = "INV-"
    credit_prefix: str = "CN-"
    credit_limit: Annotated[str, Field(pattern=r"^[0-9]{1,15}(\.[0-9]{1,6})?$")] | None = None
    """A credit above it (with tax) waits for another person to agree. None: no limit."""
    late_usage: Literal["next_bill", "rebill"] = "next_bill"
    """Usage that came after its bill: a line of the next bill, or at once a correction document of its own."""


class Identity(Section):
    """What a caller's number alone is good for: `caller` shows balance and bills, `pin` asks for the PIN first."""

    ussd: Literal["caller", "pin"] = "caller"
    chat: Literal["link", "pin"] = "link"
    """What a chat that was linked once is good for: `link` needs no more, `pin` asks for the PIN before money and personal data."""
    pin_digits: Annotated[int, Field(ge=4, le=8)] = 4
    pin_tries: Annotated[int, Field(ge=3, le=10)] = 5
    codes_an_hour: Annotated[int, Field(ge=10)] = 600
    """One-time codes that the whole house sends within an hour: at half of it there is an alarm, at all of it strangers get none."""
    sim_check: bool = False
    """Ask the network about the SIM whenever a one-time code leaves; a change stops codes and money for 72 hours. Each question costs."""


class Rewards(Section):
    """Points for paying on time, and what they buy. Amounts are money texts in the operator's currency."""

    points_per_100: Annotated[int, Field(ge=0)] = 1
    """Points for each 100 units of currency of a bill paid by its due date."""
    points_per_kwh: Annotated[int, Field(ge=1)] = 20
    points_per_airtime_unit: Annotated[int, Field(ge=1)] = 1
    """Points that buy one unit of currency of airtime."""
    airtime_choices: tuple[int, ...] = (10, 20, 50)
    kwh_choices: tuple[int, ...] = (1, 2, 5)


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WORKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")
_WORKING = "08:00-17:00"


class Desk(Section):
    """When people answer (public holidays of the country excepted), and how long a chat waits for them."""

    hours: dict[Weekday, Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]] = Field(
        default_factory=lambda: dict.fromkeys(WORKDAYS, _WORKING)
    )
    wait_minutes: Annotated[int, Field(ge=1, le=240)] = 20
    """A chat that nobody took for so long becomes a ticket, and the bot is back."""
    quiet_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    """A chat in which the customer has said nothing for so long is over."""
    call_slot_hours: Annotated[int, Field(ge=1, le=8)] = 2
    """How long the time is in which we promise to call back."""


class Vending(Section):
    """Units for prepaid meters."""

    arrears_percent: Annotated[int, Field(ge=0, le=90)] = 30
    """What of each purchase goes to old bills, while there are any."""


class Readings(Section):
    """When a customer may tell what her meter shows: so many days before her bill closes, and on that day."""

    self_read_days: Annotated[int, Field(ge=0, le=31)] = 7
    """0: customers read no meters here."""
    self_reads_in_a_row: Annotated[int, Field(ge=1, le=12)] = 2
    """After so many a person must look at the meter: the next one is held."""


class Welcome(Section):
    """A bundle that every new service is given. `amount` of `unit` (a currency, or s, min, MB, GB, event, kWh)."""

    name: dict[str, str]
    amount: Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$")]
    unit: str
    use: str | None = None
    """The one kind of use it is for (voice, sms, data); none: any."""
    days: Annotated[int | None, Field(ge=1, le=3_660)] = None
    commodity: str | None = None
    """Only for services of this commodity."""


class Balances(Section):
    """What customers have beforehand."""

    welcome: tuple[Welcome, ...] = ()
    low_money: Annotated[str, Field(pattern=r"^\d+(\.\d+)?$")] | None = None
    """She is told when less prepaid money than this is left; a customer may choose her own amount. None: not unless she chose one."""


class Operator(Section):
    """`operator.yaml`: one operator, one deployment, one database."""

    name: str
    short_name: Annotated[str, Field(max_length=11)]
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    zone: str
    currency: str
    languages: tuple[str, ...] = ("en",)
    support_phone: str
    ussd_code: str = "*384*100#"
    default_tariff: str | None = None
    trades: tuple[Literal["electricity", "water", "gas", "internet", "mobile"], ...] = ()
    """What is supplied: the kinds of fault that a stranger may report follow from it. Empty: what there are services of."""
    billing: Billing = Billing()
    notices: Notices = Notices()
    sms: SmsSettings = SmsSettings()
    regions: dict[str, str] = Field(default_factory=dict)
    """The zone of each branch whose customers live in another one than the operator: `{GOMA: Africa/Lubumbashi}`."""
    payments: Payments = Payments()
    refunds: Refunds = Refunds()
    direct_debit: DirectDebit = DirectDebit()
    reconcile: Reconcile = Reconcile()
    cash_desk: CashDesk = CashDesk()
    identity: Identity = Identity()
    rewards: Rewards = Rewards()
    balances: Balances = Balances()
    readings: Readings = Readings()
    desk: Desk = Desk()
    vending: Vending = Vending()
    collections: Collections = Collections()

    @cached_property
    def zoneinfo(self) -> ZoneInfo:
        """The zone as Python knows it."""
        return ZoneInfo(self.zone)

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"{zone!r} is no time zone: write one such as Africa/Nairobi")
        return zone

    @field_validator("regions")
    @classmethod
    def _regions_are_known(cls, regions: dict[str, str]) -> dict[str, str]:
        for zone in regions.values():
            cls._zone_is_known(zone)
        return regions

    @field_validator("currency")
    @classmethod
    def _currency_is_known(cls, currency: str) -> str:
        if not known(currency):
            raise ValueError(f"{currency!r} is no currency: write an ISO 4217 code such as KES")
        return currency

    @field_validator("languages")
    @classmethod
    def _languages_are_known(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        for lang in languages:
            if lang not in LANGUAGES:
                raise ValueError(f"{lang!r} has no catalogue: choose from {', '.join(LANGUAGES)}")
        return languages


def read_operator(folder: Path) -> Operator:
    """The operator of a folder; `BadInput` names file, line and remedy."""
    path = folder / "operator.yaml"
    if not path.is_file():
        raise BadInput(
            str(path), "there is no such file.", "Make a folder with `hodi init FOLDER` and set HODI_OPERATOR to it."
        )
    source = path.read_text("utf-8")
    try:
        return Operator.model_validate(yaml_text.read(source) or {})
    except yaml.YAMLError as wrong:
        raise BadInput(*_yaml_place(path, wrong), "Compare the line with a file made by `hodi init`.") from wrong
    except ValidationError as wrong:
        first = wrong.errors()[0]
        keys = [part for part in first["loc"] if isinstance(part, str)]
        where = f"{path}, line {line_of(source, keys)}"
        raise BadInput(
            where, f"{'.'.join(keys) or 'the file'}: {first['msg']}.", "Correct it and start again."
        ) from wrong


def _yaml_place(path: Path, wrong: yaml.YAMLError) -> tuple[str, str]:
    mark = getattr(wrong, "problem_mark", None)
    return (f"{path}, line {mark.line + 1}" if mark else str(path)), f"{getattr(wrong, 'problem', 'this is not YAML')}."


def line_of(source: str, keys: list[str]) -> int:
    """The line (from 1) on which the deepest known of the nested `keys` stands."""
    node, line = yaml.compose(source, Loader=yaml.SafeLoader), 1
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            break
        found = next((pair for pair in node.value if pair[0].value == key), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
