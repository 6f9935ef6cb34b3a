"""The sandbox provider at work: it settles what it was asked for, and tells it until it is heard."""

import asyncio
import secrets
from collections.abc import Awaitable
from typing import Any

import aiohttp

from core.clock import Clock
from core.payments.providers.sandbox import HEADER
from core.payments.providers.signatures import stamped
from gateway.sandbox.behaviour import Behaviour, Manners
from gateway.sandbox.books import Books, SandboxPayment, Telling

RETRY_SECONDS = (1, 5, 30, 120, 600, 3600)
CHECKOUT_SECONDS = 1800


class Service:
    """The sandbox at work: books, manners, and the tasks that are under way."""

    def __init__(
        self, secret: str, clock: Clock, books: Books, *, prompt_seconds: float, by_hand: bool, callback_url: str
    ) -> None:
        self.secret, self.clock, self.books, self.manners = secret, clock, books, Manners()
        self.prompt_seconds, self.by_hand, self.callback_url = prompt_seconds, by_hand, callback_url
        self._behaviours: dict[str, Behaviour] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def now(self) -> int:
        """Unix seconds by the clock it was given."""
        return int(self.clock.now().timestamp())

    def start(self, work: Awaitable[None]) -> None:
        """Let `work` go on beside the requests."""

        async def run() -> None:
            await work

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End all that is under way; what is not told stays in the books."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def idle(self) -> None:
        """Until nothing is under way: for tests and the demo's story."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def take(self, payment: SandboxPayment, behaviour: Behaviour) -> None:
        """A new payment: prompts, debits and refunds get their answer by and by; a checkout waits for its buttons."""
        self._behaviours[payment.id] = behaviour
        if payment.method in ("direct_debit", "refund") or (payment.method == "mobile_push" and not self.by_hand):
            self.start(self._answered(payment.id))

    async def _answered(self, payment_id: str) -> None:
        await asyncio.sleep(self.prompt_seconds)
        self.decide(payment_id)

    def decide(self, payment_id: str, outcome: str | None = None) -> SandboxPayment | None:
        """Settle a payment as its behaviour (or a button) says, once, and call back."""
        payment = self.fresh(self.books.by_id(payment_id))
        if payment is None or payment.state != "awaiting_customer":
            return payment
        behaviour = self._behaviours.get(payment_id, Behaviour())
        state = outcome or behaviour.outcome
        paid = state == "succeeded"
        payment = self.books.settle(
            payment,
            state=state,
            reason=None if paid else behaviour.reason if not outcome else "declined",
            txn=f"SB{secrets.token_hex(4).upper()}" if paid else None,
            at=self.now(),
        )
        self.tell(payment, state, calls=behaviour.calls, late_seconds=behaviour.late_seconds)
        return payment

    def agree(self, payment: SandboxPayment, *, given: bool) -> None:
        """She gave the mandate on its page, or did not. It is known by the payment's id from now on."""
        state = "active" if given else "failed"
        self.tell(
            self.books.settle(payment, state=state, at=self.now()), "mandate", key=None, amount_minor=None, state=state
        )

    def fresh(self, payment: SandboxPayment | None) -> SandboxPayment | None:
        """The payment as it stands: a checkout nobody used expires."""
        if payment is None or (payment.state, payment.method) != ("awaiting_customer", "card"):
            return payment
        if self.now() - payment.created_at <= CHECKOUT_SECONDS:
            return payment
        payment = self.books.settle(payment, state="expired", reason="expired", at=self.now())
        self.tell(payment, "expired")
        return payment

    def tell(self, payment: SandboxPayment, kind: str, *, calls: int = 1, late_seconds: float = 0, **more: Any) -> None:
        """Call back about a payment."""
        said = {
            "id": f"evt_{secrets.token_urlsafe(9)}",
            "type": kind,
            "payment": payment.id,
            "key": payment.key,
            "method": payment.method,
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
            "reference": payment.reference,
            "payer": mask(payment.phone),
            "txn": payment.txn,
            "reason": payment.reason,
            "at": payment.at,
            **more,
        }
        if calls:
            telling = self.books.to_tell(payment.callback_url, said)
            for _ in range(calls):
                self.start(self.deliver(telling, late_seconds))

    async def deliver(self, telling: Telling, late_seconds: float = 0) -> None:
        """Post one callback until it is taken (any 2xx)."""
        await asyncio.sleep(late_seconds)
        body = telling.body.encode()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
            for pause in (*RETRY_SECONDS, None):
                headers = {"Content-Type": "application/json", HEADER: stamped(self.secret, body, self.now())}
                try:
                    async with session.post(telling.url, data=body, headers=headers) as response:
                        if response.status < 300:
                            self.books.told(telling)
                            return
                except (aiohttp.ClientError, TimeoutError, OSError):
                    pass
                if pause is not None:
                    await asyncio.sleep(pause)


def mask(phone: str | None) -> str:
    """A phone as providers show it."""
    return f"***{phone[-3:]}" if phone else ""
