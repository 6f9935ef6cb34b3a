"""Stripe by its own async SDK: Checkout by redirect, saved cards charged off-session, the page that saves them, refunds.

Everything is created under `Idempotency-Key` = the attempt's key, and carries it as metadata: so an answer that was lost is found
again by listing what was made since, without asking for anything twice. The SDK never retries: what is unsure is ours to poll.
Webhooks are signed with a stamp (`Stripe-Signature`, 300 s), repeated and unordered; `stripe_says` reads them.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import aiohttp

from core.clock import Clock
from core.context import App
from core.payments.providers.contract import (
    Begun,
    Declined,
    Method,
    NotUnderstood,
    ProviderEventIn,
    Queried,
    Started,
    StartRequest,
    StatusQuery,
    Told,
    Unanswered,
    Unreached,
)
from core.payments.providers.http import MOST_PAGES, NEVER_HEARD, TIMEOUT, loads, untold
from core.payments.providers.parse import to_units
from core.payments.providers.signatures import verify_stamped
from core.payments.providers.stripe_payloads import DECIMALS, intent_state, read, reason, refund_state, session_state

if TYPE_CHECKING:
    from stripe import StripeClient

HEADER = "Stripe-Signature"
PAGE = 100
"""How many of the things made since we ask to see at once, where an answer was lost."""

Made = dict[str, Any]
Failed = Declined | Unreached | Unanswered


@dataclass(frozen=True, slots=True)
class Stripe:
    """A Stripe account."""

    base_url: str
    secret_key: str
    webhook_secret: str
    clock: Clock
    name: str = "stripe"
    step_minor: int = 1
    most_minor: int | None = None
    methods: frozenset[Method] = frozenset({"card", "direct_debit", "mandate", "refund"})

    @property
    def acknowledgement(self) -> dict[str, Any]:
        """Stripe wants to hear 2xx, whatever the words."""
        return {"received": True}

    async def start(self, wanted: StartRequest) -> Started:
        """A Checkout page, a charge of a saved card, a page that saves one, or a refund."""
        options: Any = {"idempotency_key": wanted.key}
        match wanted.method:
            case "refund":
                made = await self._call(lambda to: to.v1.refunds.create_async(_refund(wanted), options))
            case "direct_debit":
                made = await self._call(lambda to: to.v1.payment_intents.create_async(_off_session(wanted), options))
            case _:
                made = await self._call(lambda to: to.v1.checkout.sessions.create_async(_page(wanted), options))
        return Begun(str(made["id"]), made.get("url")) if isinstance(made, dict) else made

    async def forget(self, token: str, key: str) -> Started:
        """The card leaves its customer."""
        saved, options = token.rpartition(":")[2], cast("Any", {"idempotency_key": key})
        made = await self._call(lambda to: to.v1.payment_methods.detach_async(saved, None, options))
        return Begun(saved) if isinstance(made, dict) else made

    async def query(self, asked: StatusQuery) -> Told:
        """What became of an attempt, by Stripe's reference; without one, by looking through what was made since."""
        ref = asked.provider_ref or ""
        if not ref:
            return await self._find(asked)
        if asked.method == "refund":
            return _told(await self._call(lambda to: to.v1.refunds.retrieve_async(ref)), refund_state)
        if ref.startswith("pi_"):
            return _told(await self._call(lambda to: to.v1.payment_intents.retrieve_async(ref)), intent_state)
        return _told(await self._call(lambda to: to.v1.checkout.sessions.retrieve_async(ref)), session_state)

    async def _find(self, asked: StatusQuery) -> Told:
        """By our key among all that was made since, however many pages that are: only then is it surely missing."""
        since = int((asked.created_at - timedelta(minutes=5)).timestamp())
        options: Any = {"limit": PAGE, "created": {"gte": since}}
        for _ in range(MOST_PAGES):
            match asked.method:
                case "refund":
                    found, read_it = await self._call(lambda to: to.v1.refunds.list_async(options)), refund_state
                case "direct_debit":
                    found, read_it = (
                        await self._call(lambda to: to.v1.payment_intents.list_async(options)),
                        intent_state,
                    )
                case _:
                    found = await self._call(lambda to: to.v1.checkout.sessions.list_async(options))
                    read_it = session_state
            if not isinstance(found, dict):
                return _told(found, read_it)
            for one in found["data"]:
                if (one.get("metadata") or {}).get("attempt") == asked.key:
                    return _told(one, read_it)
            if not found.get("has_more") or not found["data"]:
                return Queried("missing")
            options["starting_after"] = found["data"][-1]["id"]
        return Unanswered("more was made since than we read")

    def parse_callback(self, headers: Mapping[str, str], body: bytes, topic: str, about: str) -> list[ProviderEventIn]:
        """The one event of a signed webhook."""
        verify_stamped(self.webhook_secret, headers.get(HEADER, ""), body, self.clock.now())
        said = loads(body)
        try:
            return [read(said)]
        except (KeyError, TypeError, ValueError, AttributeError) as why:
            raise NotUnderstood("not an event of Stripe") from why

    async def _call(self, do: "Callable[[StripeClient], Awaitable[Any]]") -> Made | Failed:
        """One call of the SDK, never repeated."""
        import stripe

        try:
            async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
                client = stripe.StripeClient(
                    self.secret_key,
                    base_addresses={"api": self.base_url},
                    max_network_retries=0,
                    http_client=stripe.AIOHTTPClient(timeout=TIMEOUT.total or 20, session=session),
                )
                made: Made = (await do(client)).to_dict()
                return made
        except stripe.CardError as why:
            return Declined(reason(why.error.to_dict() if why.error else {}))
        except stripe.APIConnectionError as why:
            return Unreached("no connection") if isinstance(why.__cause__, NEVER_HEARD) else Unanswered("no answer")
        except (stripe.InvalidRequestError, stripe.AuthenticationError, stripe.PermissionError) as why:
            return Declined("declined") if why.code != "idempotency_key_in_use" else Unanswered("being made")
        except (stripe.StripeError, aiohttp.ClientError, TimeoutError, OSError, ValueError) as why:
            return Unanswered(type(why).__name__)


def _told(said: Made | Failed, read_it: Callable[[Made], Queried]) -> Told:
    if isinstance(said, dict):
        return read_it(said)
    return untold(said)


def _marks(wanted: StartRequest) -> dict[str, str]:
    return {"attempt": wanted.key, "account": wanted.reference}


def _page(wanted: StartRequest) -> Any:
    """A Checkout session: of a payment, or (method `mandate`) one that saves a card for later."""
    page: dict[str, Any] = {
        "client_reference_id": wanted.key,
        "success_url": wanted.return_url,
        "cancel_url": wanted.return_url,
        "locale": wanted.language if wanted.language in ("en", "fr", "nl", "vi") else "auto",
        "metadata": _marks(wanted),
    }
    if wanted.method == "mandate":
        return page | {
            "mode": "setup",
            "currency": wanted.currency.lower(),
            "customer_creation": "always",
            "setup_intent_data": {"metadata": {"mandate": wanted.key, "account": wanted.reference}},
        }
    price = {
        "currency": wanted.currency.lower(),
        "unit_amount": to_units(wanted.amount_minor, wanted.currency, DECIMALS),
        "product_data": {"name": f"{wanted.description} {wanted.reference}"},
    }
    return page | {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": price}],
        "payment_intent_data": {"metadata": _marks(wanted), "description": f"{wanted.description} {wanted.reference}"},
    }


def _off_session(wanted: StartRequest) -> Any:
    """A charge of what she saved, without her: `mandate_ref` is `customer:payment method`."""
    customer, _, saved = (wanted.mandate_ref or "").partition(":")
    return {
        "amount": to_units(wanted.amount_minor, wanted.currency, DECIMALS),
        "currency": wanted.currency.lower(),
        "customer": customer,
        "payment_method": saved,
        "off_session": True,
        "confirm": True,
        "description": f"{wanted.description} {wanted.reference}",
        "metadata": _marks(wanted) | {"how": "off_session"},
    }


def _refund(wanted: StartRequest) -> Any:
    return {
        "payment_intent": wanted.txn,
        "amount": to_units(wanted.amount_minor, wanted.currency, DECIMALS),
        "metadata": _marks(wanted),
    }


def opened(app: App) -> Stripe:
    """The Stripe of the settings."""
    settings = app.settings
    return Stripe(
        settings.stripe_base_url.rstrip("/"),
        settings.stripe_secret_key.get_secret_value(),
        settings.stripe_webhook_secret.get_secret_value(),
        app.clock,
    )
