"""What an operator sets about money: each payment provider's own group from the environment, and its rules from `operator.yaml`.

`HODI_STRIPE_SECRET_KEY` and so on: keys and secrets refuse to print themselves, every base URL can be pointed at a double. The rules
have safe defaults: nobody refunds alone above a limit, and nothing unsigned is credited above one.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from core.config.collections import Amount


class Section(BaseModel):
    """A part of `operator.yaml`: frozen, and a key nobody knows is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Daraja(BaseModel):
    daraja_base_url: str = "https://sandbox.safaricom.co.ke"
    daraja_consumer_key: SecretStr = SecretStr("")
    daraja_consumer_secret: SecretStr = SecretStr("")
    daraja_shortcode: str = ""
    daraja_passkey: SecretStr = SecretStr("")
    daraja_initiator: str = ""
    """The API operator's name and its encrypted password: without them no status query is asked."""
    daraja_security_credential: SecretStr = SecretStr("")


class _Stripe(BaseModel):
    stripe_base_url: str = "https://api.stripe.com"
    stripe_secret_key: SecretStr = SecretStr("")
    stripe_webhook_secret: SecretStr = SecretStr("")


class _Paystack(BaseModel):
    paystack_base_url: str = "https://api.paystack.co"
    paystack_secret_key: SecretStr = SecretStr("")
    paystack_email: str = ""
    """Paystack wants an e-mail of every payer: this one for customers without."""


class _Flutterwave(BaseModel):
    flutterwave_base_url: str = "https://api.flutterwave.com"
    flutterwave_secret_key: SecretStr = SecretStr("")
    flutterwave_secret_hash: SecretStr = SecretStr("")
    flutterwave_email: str = ""
    flutterwave_v4_base_url: str = "https://api.flutterwave.cloud/f4b/production"
    flutterwave_v4_token_url: str = "https://idp.flutterwave.com/realms/flutterwave/protocol/openid-connect/token"  # noqa: S105 - an address
    flutterwave_v4_client_id: str = ""
    flutterwave_v4_client_secret: SecretStr = SecretStr("")
    flutterwave_v4_network: str = "MPESA"
    """Whose mobile money the prompts are for."""


class _GoCardless(BaseModel):
    gocardless_base_url: str = "https://api.gocardless.com"
    gocardless_access_token: SecretStr = SecretStr("")
    gocardless_webhook_secret: SecretStr = SecretStr("")
    gocardless_scheme: str = "sepa_core"


class ProviderSettings(_Daraja, _Stripe, _Paystack, _Flutterwave, _GoCardless):
    """Every payment provider's settings; `core.config.operator.Settings` reads them from the environment."""

    sandbox_base_url: str = "http://127.0.0.1:8090"
    sandbox_secret: SecretStr = SecretStr("")


Method = Literal["card", "push", "cash", "direct_debit"]
"""A way of paying that we offer: a paylink's page, a prompt on the phone, the cash desk, a mandate."""


class Payments(Section):
    """How customers can pay. Each names a file of `core/payments/providers`."""

    mobile_push: Literal["sandbox", "daraja", "flutterwave_v4"] = "sandbox"
    paylink: Literal["sandbox", "stripe", "paystack", "flutterwave"] = "sandbox"
    mandates: Literal["sandbox", "stripe", "paystack", "flutterwave", "gocardless", "sepa"] = "sandbox"
    methods: dict[str, tuple[Method, ...]] = {}
    """The ways a segment is offered: `{prepaid: [push, cash]}`; a segment that is not named has all."""
    paylink_days: Annotated[int, Field(ge=1, le=90)] = 30
    minimum: Amount = "1"
    push_at_most: Amount | None = None
    """The most that one prompt asks for, where it is less than the provider takes (M-Pesa: KES 250,000)."""
    ahead_at_most: Amount | None = None
    """How much more than what is owed may be asked for at once; None: ten million of the smallest unit (KES 100,000, VND 10 million)."""
    card_check: Amount = "50"
    """What is charged to save a card where that takes a payment (Paystack, Flutterwave); it is theirs, as credit."""
    paybill: str | None = None
    confirm_above: Amount = "10000"
    """A paybill note is unsigned: above this amount it is credited only when Safaricom confirms it (status query or pull)."""
    unproven_account_day: str = "30000"
    unproven_house_day: str = "3000000"
    """So much of smaller notes is credited without proof to one account, and in all, a day; what comes above waits for proof, or a person."""


class Refunds(Section):
    """Above `approve_above` another person must agree. Money texts in the operator's currency."""

    approve_above: Amount = "0"
    approval_days: Annotated[int, Field(ge=1, le=60)] = 7


class DirectDebit(Section):
    """How collections under mandates are announced, submitted and tried again."""

    notice_days: Annotated[int, Field(ge=0, le=30)] | None = None
    """Days between the bill and the debit; None: what the scheme asks for (SEPA 14), which an agreement may shorten."""
    retries: Annotated[int, Field(ge=0, le=5)] = 2
    retry_gap_days: Annotated[int, Field(ge=1, le=30)] = 3
    tell: Literal["last", "each"] = "last"
    """Of which failed try a customer hears: of the last one, after which nothing is tried again, or of each."""
    pay_days: tuple[Annotated[int, Field(ge=1, le=31)], ...] = (1, 5, 25, 28)
    """Days of the month on which people have money: a debit that found none is tried again on the next of them."""
    creditor_name: str = ""
    creditor_id: str = ""
    creditor_iban: str = ""
    creditor_bic: str = ""


class Reconcile(Section):
    """When money that is on one side only stops being `late` and becomes `missing`."""

    grace_days: Annotated[int, Field(ge=0, le=14)] = 2
    payout_days: Annotated[int, Field(ge=0, le=30)] = 5
    """By when a provider's payout is on the bank's statement."""
    bank_account: str = ""
    """The IBAN or account number that payouts and deposits arrive on; empty: any imported statement counts."""


class CashDesk(Section):
    """Cash at a branch. A difference above the limit needs another person's eyes."""

    float_at_most: Amount = "10000"
    ahead_at_most: Amount | None = None
    """How much more than what is owed is taken at once; None: ten million of the smallest unit (KES 100,000, VND 10 million)."""
    over_short_approve_above: Amount = "100"
